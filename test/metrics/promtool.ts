/** Debian's promtool, which holds Prometheus' own parser of the text format. */
import { spawnSync } from "node:child_process";

/** Whether it is installed; says so when it is not. */
export function hasPromtool(): boolean {
  const { error } = spawnSync("promtool", ["--version"]);
  if (error === undefined) return true;
  console.log("promtool is not installed: its checks are left out");
  return false;
}

/**
 * What `promtool check metrics` says: a fault that ends the parsing, or the metrics whose names it would have
 * otherwise, a line each. Both empty when all is well.
 */
export function promtool(text: string): { readonly fault: string; readonly advice: string[] } {
  const { status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], { input: text });
  // 0: fine; 3: fine, with advice; else the text cannot be parsed.
  const said = `${stdout}${stderr}`.trim();
  if (status === 0) return { fault: "", advice: [] };
  return status === 3
    ? { fault: "", advice: said.split("\n") }
    : { fault: said || `exit ${status}`, advice: [] };
}
