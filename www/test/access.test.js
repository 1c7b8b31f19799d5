// Accessibility: keyboard, screen reader, dark mode, phone.

import assert from "node:assert/strict";
import { expected, jwks, page, signer } from "./site.js";
import { ISSUER, keySet, now, Signer } from "./tokens.js";

/** @import { BrowserContextOptions } from "playwright-core" */

page("the keyboard alone operates the page", async (inspector) => {
  const { keyboard } = inspector.page;
  const focused = () => inspector.page.evaluate(() => document.activeElement?.id);
  await keyboard.press("Tab");
  assert.equal(await focused(), "token");
  await keyboard.insertText(signer.token());
  await keyboard.press("Tab");
  await keyboard.press("ArrowRight");
  await keyboard.press("ArrowRight");
  await keyboard.press("Tab");
  assert.equal(await focused(), "jwks");
  await keyboard.insertText(jwks);
  const visited = [];
  for (let i = 0; i < 12 && visited.at(-1) !== "explain"; i++) {
    await keyboard.press("Tab");
    const id = await focused();
    visited.push(id);
    if (id === "issuer" || id === "audience") await keyboard.insertText(ISSUER);
  }
  await keyboard.press("Enter");
  assert.equal(await inspector.decision(), "accepted", visited.join(" "));
  await inspector.page.focus("#token");
  await keyboard.press("Control+A");
  await keyboard.insertText("a.b");
  await keyboard.press("Control+Enter");
  await inspector.page.locator("#decision.rejected").waitFor();
});

page("a screen reader announces the decision", async (inspector) => {
  await inspector.explain({ token: signer.token({ exp: now() - 90 }), jwks, ...expected });
  const status = inspector.page.locator("#decision");
  assert.equal(await status.getAttribute("role"), "status");
  assert.equal(await status.getAttribute("aria-live"), "polite");
  assert.match(
    await status.innerText(),
    /401 expired\s+The token has expired\s+The token expired 9\d s ago\.\s+The check “Expiry” failed/,
  );
  assert.match(await status.ariaSnapshot(), /status:.*heading "The token has expired"/s);
  const snapshot = await inspector.page.locator(".checks").ariaSnapshot();
  assert.match(snapshot, /heading "Expiry".*paragraph: failed/s);
});

/** @type {[string, BrowserContextOptions][]} */
const LOOKS = [
  ["light", { colorScheme: "light", viewport: { width: 1280, height: 900 } }],
  ["dark", { colorScheme: "dark", viewport: { width: 1280, height: 900 } }],
  [
    "phone",
    { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  ],
  [
    "phone-dark",
    { colorScheme: "dark", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
  ],
];

for (const [name, options] of LOOKS) {
  page(
    `the page fits and is accessible: ${name}`,
    async (inspector) => {
      const fits = async (/** @type {string} */ state) => {
        await inspector.isAccessible(`${name}, ${state}`);
        await inspector.screenshot(`${name}-${state}`);
        const { scroll, width } = await inspector.page.evaluate(() => ({
          scroll: document.documentElement.scrollWidth,
          width: innerWidth,
        }));
        assert.ok(scroll <= width, `${state}: ${scroll} of ${width}`);
      };
      await fits("empty");
      const set = keySet(signer.jwk(), new Signer("another").jwk());
      await inspector.explain({ token: signer.token({ nbf: now() - 60 }), jwks: set, ...expected });
      await fits("accepted");
      const long = {
        iss: `https://${"long".repeat(40)}.example`,
        exp: now() - 86_400 * 3,
        iat: now() - 86_400 * 3 - 900,
      };
      await inspector.explain({ token: signer.token(long) });
      await fits("rejected");
      await inspector.explain({ token: new Signer("key-1").token() });
      await fits("unverified");
    },
    { options },
  );
}
