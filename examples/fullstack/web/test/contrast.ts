/**
 * The texts of a page whose contrast with their background is too low, by WCAG 2.2, section 1.4.3.
 * The function runs in the page. Backgrounds are plain colors.
 */
export function lowContrasts(minimum: number): string[] {
  const pixel = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (!pixel) throw new Error("no canvas");

  /** A color as the screen shows it, on top of what the canvas contains. */
  const paint = (color: string): number[] => {
    pixel.fillStyle = color;
    pixel.fillRect(0, 0, 1, 1);
    return [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const luminance = (color: number[]): number => {
    const [red = 0, green = 0, blue = 0] = color.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };

  const low: string[] = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    const text = node.textContent?.trim();
    if (!element || !text || !element.checkVisibility({ visibilityProperty: true })) continue;
    if (element.closest("script, style, .visually-hidden, nextjs-portal")) continue;
    const ancestors: Element[] = [];
    for (let each: Element | null = element; each; each = each.parentElement)
      ancestors.unshift(each);
    paint("white");
    let background: number[] = [];
    for (const each of ancestors) background = paint(getComputedStyle(each).backgroundColor);
    const foreground = paint(getComputedStyle(element).color);
    const opacity = ancestors.reduce(
      (all, each) => all * Number(getComputedStyle(each).opacity),
      1,
    );
    const [one, two] = [luminance(background) + 0.05, luminance(foreground) + 0.05];
    const contrast = Math.max(one, two) / Math.min(one, two);
    if (contrast < minimum || opacity < 1) low.push(`${text}: ${contrast.toFixed(2)}`);
  }
  return low;
}
