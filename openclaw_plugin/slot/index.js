// The same plugin as the server of OpenClaw's memory slot: load this folder instead of the one above.

import eider from "../index.js";
import { registerSlot } from "../lib/slot.js";

export default {
  ...eider,
  kind: "memory",
  /** @param {any} api */
  register(api) {
    eider.register(api);
    registerSlot(api);
  },
};
