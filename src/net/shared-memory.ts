/** Memory that all threads of a process see: worker threads inherit it as environment data when they start. */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";

/** The numbers kept under `key`. Where no thread above this one has any, there are `initial` ones from now on. */
export function sharedNumbers(key: string, initial: readonly number[]): Int32Array {
  const inherited = getEnvironmentData(key);
  if (inherited instanceof SharedArrayBuffer) return new Int32Array(inherited);
  const numbers = new Int32Array(new SharedArrayBuffer(initial.length * Int32Array.BYTES_PER_ELEMENT));
  numbers.set(initial);
  setEnvironmentData(key, numbers.buffer as SharedArrayBuffer);
  return numbers;
}
