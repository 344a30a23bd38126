/** Round trips while keys are rotated. The other end is the router of crowds.ts. */
import type { Security } from "../../../src/security.ts";
import { now, type Role } from "./role.ts";

/** Requests under way. */
const WINDOW = 16;
const ROTATE_EVERY_MS = 100;

/** The 99th of a hundred. */
function p99(times: readonly number[]): number {
  return [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)]!;
}

/** The slowest of a hundred round trips, without rotations and with ten a second, in turn. */
const rotating: Role = async ({ zmq, options, endpoint, size, count, say, told }) => {
  const { security } = (await options("client")) as { security: Security };
  const socket = new zmq.Dealer({ security });
  socket.connect(endpoint);
  const message = Buffer.alloc(size, 0x61);
  /** Rotations asked for, and the times of the round trips that one of them was part of. */
  let asked = 0;
  const touched: number[] = [];
  const rotate = (): void => {
    if (security.counters.rotations === asked) asked += security.rotate();
  };
  const trips = async (underWay: () => void = () => {}): Promise<number[]> => {
    const begun: { readonly at: number; readonly rotations: number }[] = [];
    const times: number[] = [];
    const send = async (): Promise<void> => {
      begun.push({ at: now(), rotations: security.counters.rotations });
      await socket.send(message);
    };
    for (let i = 0; i < WINDOW; i++) await send();
    underWay();
    for (let i = 0; i < count; i++) {
      await socket.receive();
      const { at, rotations } = begun[i]!;
      times.push(now() - at);
      if (rotations < asked) touched.push(times[i]!);
      if (i + WINDOW < count) await send();
    }
    return times;
  };
  await trips();
  const still: number[] = [];
  const turning: number[] = [];
  for (let part = 0; part < 4; part++) {
    still.push(...(await trips()));
    const timer = setInterval(rotate, ROTATE_EVERY_MS);
    // One at once: all may be over before the timer's first.
    turning.push(...(await trips(rotate)));
    clearInterval(timer);
  }
  say({ still: p99(still), turning: p99(turning), touched: p99(touched), asked });
  await told();
};

export const ROTATION_ROLES: Readonly<Record<string, Role>> = { rotating };
