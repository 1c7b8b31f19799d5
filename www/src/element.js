// Elements whose texts are texts: nothing that a token says is ever read as HTML.

/**
 * @typedef {Node | string | undefined} Child
 */

/**
 * Makes an element.
 *
 * @param {string} name
 * @param {Record<string, string | undefined>} [attributes] what is undefined is left out
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(attribute, value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/**
 * A text of docs/errors.md: what stands between backticks is code.
 *
 * @param {string} text
 * @returns {Child[]}
 */
export function prose(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/**
 * The element of that id, which the page has.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no #${id}`);
  return found;
}
