/** A time limit for one awaited step, so that a promise that never settles fails by name and does not hang its file. */

/**
 * Settles as `promise` does, or rejects after `ms` milliseconds with an error that says `what` did not happen.
 * The limit is a safety net: no test may pass or fail by how fast the machine is, so give it ample room.
 */
export async function within<T>(ms: number, promise: PromiseLike<T>, what: string): Promise<T> {
  // Made here and not in the callback: the stack then names the line that waited.
  const late = new Error(`${what}: not settled within ${ms} ms`);
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}
