// Settings as a page's address holds them, after the #: `v=1&cell=gru&seed=3`.

import { BadSetting, changed, checkTogether, defaults, parseSetting } from "./settings.js";

/** Raised where an address of before would mean something else; old ones are then translated. */
const VERSION = "1";

export const addressOf = (settings) => `#${new URLSearchParams([["v", VERSION], ...changed(settings)])}`;

/**
 * The settings of an address; the defaults where it is empty.
 * @throws {BadSetting}
 */
export function settingsOf(address) {
  const settings = defaults();
  const given = [...new URLSearchParams(address.replace(/^#/, ""))];
  if (!given.length) return settings;
  const version = given.find(([name]) => name === "v")?.[1];
  if (version !== VERSION) throw new BadSetting("bad.version", { given: version ?? "", allowed: VERSION });
  const named = new Set();
  for (const [name, text] of given) {
    if (named.has(name)) throw new BadSetting("bad.twice", { name });
    named.add(name);
    if (name !== "v") settings[name] = parseSetting(name, text);
  }
  return checkTogether(settings);
}
