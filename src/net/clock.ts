/** The clocks, for those who hand times to the protocol code. */

/** Unix time in milliseconds: for dates of certificates and tickets. */
export function unixTime(): number {
  return Date.now();
}

/** Milliseconds on the clock of deadlines, which never goes back. */
export function monotonic(): number {
  return performance.now();
}
