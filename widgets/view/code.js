/**
 * Fill in a template of Python's `str.format`: `{name}` is a setting, `{{` and `}}` are braces.
 *
 * @param {string} template
 * @param {import("./settings.js").Spec[]} schema
 * @param {import("./settings.js").Settings} settings
 */
export function fillTemplate(template, schema, settings) {
  const kinds = new Map(schema.map(({ name, kind }) => [name, kind]));
  return template.replace(/\{\{|\}\}|\{(\w+)\}/g, (match, name) => {
    if (match === "{{") return "{";
    if (match === "}}") return "}";
    return kinds.has(name) ? pythonValue(settings[name], kinds.get(name)) : match;
  });
}

/** A value as Python writes it: a float keeps its point, a flag has a capital. */
function pythonValue(value, kind) {
  if (kind === "flag") return value ? "True" : "False";
  const text = String(value);
  return kind === "float" && /^-?\d+$/.test(text) ? `${text}.0` : text;
}
