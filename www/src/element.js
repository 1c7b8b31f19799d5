// DOM elements with plain text. The page never parses a token's content as HTML.

/**
 * @typedef {Node | string | undefined} Child
 */

/**
 * Creates an element.
 *
 * @param {string} name
 * @param {Record<string, string | undefined>} [attributes] undefined ones are left out
 * @param {...Child} children
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const created = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value !== undefined) created.setAttribute(attribute, value);
  }
  created.append(...children.filter((child) => child !== undefined));
  return created;
}

/**
 * A text of docs/errors.md, with the parts between backticks as code elements.
 *
 * @param {string} text
 * @returns {Child[]}
 */
export function inlineCode(text) {
  return text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));
}

/**
 * The element with that id.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function byId(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`#${id} is missing`);
  return found;
}
