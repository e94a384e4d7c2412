/** The view of every widget, loaded only on pages that show it. */
export const VIEWS = {
  "gradient-check": () => import("../gradient_check/view.js"),
  "ntk-race": () => import("../ntk_race/view.js"),
  "point-race": () => import("../point_race/view.js"),
  "trace-cost": () => import("../trace_cost/view.js"),
  "weight-tuner": () => import("../weight_tuner/view.js"),
};
