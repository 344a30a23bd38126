/** Debian's Chromium without a window, that may talk to nobody but us. */
import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const EXECUTABLE = "/usr/bin/chromium";

/** Whether it is installed; says so when it is not. */
export function hasChromium(): boolean {
  if (existsSync(EXECUTABLE)) return true;
  console.log(`${EXECUTABLE} is not installed: the tests in a browser are left out`);
  return false;
}

/** Starts it. */
export function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
    ],
  });
}
