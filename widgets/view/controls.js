import { h, setText, uniqueId } from "./dom.js";
import { short } from "./format.js";
import { legendEntry } from "./legend.js";
import { schemesOf } from "./schemes.js";
import { fromPosition, readValue, tooFew, toPosition } from "./settings.js";

const LOCKED = "Fixed while training runs. Press Reset to change it.";

/**
 * The form controls of all settings, native elements made from the schema.
 *
 * @param {import("./settings.js").Spec[]} schema
 * @param {[string, object][]} presets name and settings of each
 * @param {number} least schemes that a race needs
 * @param {(changes: object, remark: string | null) => void} onChange
 * @returns {{element: HTMLElement, show: (settings: object, inactive: string[], busy: boolean) => void}}
 */
export function settingsControls(schema, presets, least, onChange) {
  const schemes = schemesOf(schema);
  const flags = schemes.length > 0 ? flagControls(schema, schemes, least, onChange) : null;
  const controls = schema.filter(({ kind }) => kind !== "flag").map((spec) => controlOf(spec, onChange));
  const presetButtons = presets.map(([name, settings]) => ({
    settings,
    button: h("button", { type: "button", on: { click: () => onChange(settings, null) } }, name),
  }));
  const pick = (wanted) => controls.filter(({ spec }) => wanted(spec)).map(({ element }) => element);
  const sliders = pick((spec) => spec.group === "main" && isSlider(spec));
  const main = pick((spec) => spec.group === "main" && !isSlider(spec));
  const more = pick(({ group }) => group === "more");
  const ready =
    presets.length > 0
      ? h(
          "div",
          { class: "widget-presets", role: "group", "aria-label": "Presets" },
          ...presetButtons.map(({ button }) => button),
        )
      : null;
  // a race has so many settings that they would push its charts out of sight
  const parts = flags
    ? [flags.element, ready, folded("Settings", ...sliders, ...main, ...more)]
    : [...sliders, ready, h("div", { class: "widget-fields" }, ...main), folded("More settings", ...more)];
  const element = h("div", { class: "widget-settings" }, ...parts);
  return {
    element,
    show(settings, inactive, busy) {
      flags?.show(settings, busy);
      for (const { spec, show } of controls) {
        show(settings[spec.name], inactive.includes(spec.name), busy && !spec.live);
      }
      for (const { button, settings: preset } of presetButtons) {
        const chosen = Object.entries(preset).every(
          ([name, value]) => settings[name] === value || name === "n_seeds",
        );
        const locked = busy && schema.some(({ name, live }) => name in preset && !live);
        button.setAttribute("aria-pressed", String(chosen));
        button.disabled = locked;
      }
    },
  };
}

/** Fields that show when they are asked for; nothing if there are none. */
function folded(title, ...fields) {
  if (fields.length === 0) return null;
  const box = h("div", { class: "widget-fields" }, ...fields);
  return h("details", { class: "widget-more" }, h("summary", {}, title), box);
}

/** A box to tick for every scheme, with a sample of its line; as many as a race needs stay ticked. */
function flagControls(schema, schemes, least, onChange) {
  const boxes = schemes.map(({ name, label, look }) => {
    const { help } = schema.find((spec) => spec.name === name);
    const input = h("input", { type: "checkbox", id: uniqueId(name), name });
    const entry = legendEntry({ kind: "line", name: label, ...look });
    const element = h("div", { class: "widget-flag" }, input, h("label", { for: input.id }, entry));
    return { name, input, help, element };
  });
  for (const { name, input } of boxes) {
    input.addEventListener("change", () => {
      if (boxes.filter((box) => box.input.checked).length >= least) {
        onChange({ [name]: input.checked }, null);
      } else {
        input.checked = true;
        onChange({}, tooFew(least));
      }
    });
  }
  return {
    element: h(
      "fieldset",
      { class: "widget-flags" },
      h("legend", {}, "Schemes"),
      ...boxes.map(({ element }) => element),
    ),
    show(settings, locked) {
      for (const { name, input, help } of boxes) {
        input.checked = settings[name];
        input.disabled = locked;
        input.title = locked ? LOCKED : help;
      }
    },
  };
}

function controlOf(spec, onChange) {
  if (spec.kind === "choice") return choiceControl(spec, onChange);
  return isSlider(spec) ? sliderControl(spec, onChange) : numberControl(spec, onChange);
}

function isSlider({ scale, step }) {
  return scale === "log10" && Boolean(step);
}

function choiceControl(spec, onChange) {
  const options = spec.choices.map(([value, label]) => h("option", { value }, label));
  const input = h("select", {}, ...options);
  input.addEventListener("change", () =>
    onChange({ [spec.name]: readValue(spec, input.value, spec.default).value }, null),
  );
  return field(spec, input, (value) => {
    input.value = String(value);
  });
}

function numberControl(spec, onChange) {
  const { minimum: min, maximum: max, kind, step } = spec;
  const input = h("input", {
    type: "number",
    min,
    max,
    step: kind === "int" ? step : "any",
    inputmode: "decimal",
  });
  let shown = spec.default;
  input.addEventListener("change", () => {
    const { value, remark } = readValue(spec, input.value, shown);
    input.value = String(value);
    onChange({ [spec.name]: value }, remark);
  });
  return field(spec, input, (value) => {
    shown = value;
    if (Number(input.value) !== value || input.value === "") input.value = String(value);
  });
}

function sliderControl(spec, onChange) {
  const [low, high] = [spec.minimum, spec.maximum].map(
    (value) => Math.round(toPosition(spec, value) * 1e6) / 1e6,
  );
  const input = h("input", { type: "range", min: low, max: high, step: spec.step });
  const output = h("span", { class: "widget-slider-value", "aria-hidden": "true" }); // the slider says it itself
  input.addEventListener("input", () =>
    onChange({ [spec.name]: fromPosition(spec, Number(input.value)) }, null),
  );
  const control = field(spec, input, (value) => {
    // a value from a link may lie between two positions: the slider then shows the nearer one
    input.value = String(toPosition(spec, value));
    input.setAttribute(
      "aria-valuetext",
      `${Number(toPosition(spec, value).toFixed(2))}, which is ${short(value)}`,
    );
    setText(output, short(value));
  });
  control.element.classList.add("widget-slider");
  control.element.querySelector("label").after(output);
  control.element.append(ticks(low, high));
  return control;
}

/** A label, the native element and its explanation. */
function field(spec, input, show) {
  const id = uniqueId(spec.name);
  input.id = id;
  input.name = spec.name;
  if (spec.help) input.title = spec.help;
  const label = spec.unit ? `${spec.label} (${spec.unit})` : spec.label;
  const element = h("div", { class: "widget-field" }, h("label", { for: id }, label), input);
  return {
    spec,
    element,
    show(value, inactive, locked) {
      show(value);
      input.disabled = inactive || locked;
      input.title = locked ? LOCKED : spec.help;
    },
  };
}

/** Numbers below a slider at whole positions, at most ten. */
function ticks(low, high) {
  const every = Math.ceil((high - low) / 9);
  const row = h("div", { class: "widget-ticks", "aria-hidden": "true" });
  for (let position = Math.ceil(low); position <= high; position += every) {
    const tick = h("span", {}, String(position).replace("-", "−"));
    tick.style.setProperty("--at", String((position - low) / (high - low)));
    row.append(tick);
  }
  return row;
}
