/** The page: it signs in at Better Auth, gets a token there, and calls the API with it. */
const element = (id) => document.getElementById(id);
const form = element("signed-out");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { name, email, password } = Object.fromEntries(new FormData(form));
  const isNew = event.submitter?.value === "sign-up";
  const body = isNew ? { name: name || email, email, password } : { email, password };
  await auth(isNew ? "sign-up/email" : "sign-in/email", body).then(refresh, show);
});

element("call").addEventListener("click", async () => {
  try {
    // a new token for each call, so that this page needs no clock
    const { token } = await auth("token");
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(element("path").value, { headers });
    show(`${response.status} ${await response.text()}`);
  } catch (error) {
    show(error);
  }
});

element("sign-out").addEventListener("click", () => auth("sign-out", {}).then(refresh, show));

await refresh();

/** Shows the form, or the user who has a session. */
async function refresh() {
  const session = await auth("get-session").catch(show);
  form.hidden = Boolean(session);
  element("signed-in").hidden = !session;
  if (!session) return;
  element("greeting").textContent = `Hello ${session.user.name}`;
  element("path").value = `/api/${session.user.id}/tasks`;
  show("");
}

/** Calls Better Auth: a POST if there is a body. */
async function auth(path, body) {
  const json = { "content-type": "application/json" };
  const init = body && { method: "POST", headers: json, body: JSON.stringify(body) };
  const response = await fetch(`/api/auth/${path}`, init);
  const content = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(content?.message ?? `Better Auth responded ${response.status}`);
  return content;
}

function show(result) {
  element("result").textContent = result instanceof Error ? result.message : result;
}
