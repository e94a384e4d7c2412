import { h } from "./dom.js";

/**
 * Covers the recorded outcome until the reader has made a prediction, asks for it, or trains.
 *
 * @param {HTMLElement} root
 * @param {HTMLElement[]} covered
 */
export function veil(root, covered) {
  const button = h("button", { type: "button" }, "Show the recorded run");
  const element = h(
    "p",
    { class: "widget-veil" },
    "The outcome is covered until you have predicted it. ",
    button,
  );
  const cover = (isCovered) => {
    root.classList.toggle("is-veiled", isCovered);
    element.hidden = !isCovered;
    for (const part of covered) part.inert = isCovered;
  };
  button.addEventListener("click", () => cover(false));
  cover(true);
  return { element, lift: () => cover(false) };
}
