/**
 * Make an element. Strings become text nodes, never markup.
 *
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `on` holds event handlers; `true` sets an empty attribute; `false`,
 *   `null` and `undefined` leave it out.
 * @param {...(Node | string | null | undefined)} children
 * @returns {any} the element
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) element.addEventListener(event, handler);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set the text of an element, leaving the page alone when it is there already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let counter = 0;

/** An id that no other element of the page has. */
export function uniqueId(prefix) {
  counter += 1;
  return `course-${prefix}-${counter}`;
}

/**
 * Collect what must be undone when a widget is taken off the page.
 *
 * @returns {{add: (undo: () => void) => void, listen: Function, run: () => void}}
 */
export function cleanups() {
  const undoings = [];
  return {
    add: (undo) => undoings.push(undo),
    /** Listen to an event until clean-up. */
    listen(target, event, handler, options) {
      target.addEventListener(event, handler, options);
      undoings.push(() => target.removeEventListener(event, handler, options));
    },
    run: () => {
      for (const undo of undoings.splice(0).reverse()) undo();
    },
  };
}
