/** What a handshake waits for: a decision, its turn, a signature. */
import { PeerError } from "../../errors.ts";
import type { MechanismHost } from "../mechanism.ts";
import type { Step } from "./handshake.ts";
import type { Entry } from "./role.ts";

/** How a step went on: its answer, or an error to throw into the generator. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

/** Begins a step of the connection that `entry` is about. Calls `answer` once, possibly before it returns. */
export function carryOut(
  step: Step,
  host: MechanismHost,
  entry: Entry,
  answer: (value: Answer) => void,
): void {
  const defer = (task: () => void) => host.defer(task);
  switch (step.kind) {
    case "authorize":
      host.authorize(step.credentials, (value) => answer({ ok: true, value }), step.claimed);
      break;
    case "turn":
      entry.operate(defer, (done) => {
        try {
          answer({ ok: true, value: undefined });
        } finally {
          done();
        }
      });
      break;
    case "sign":
      entry.operate(defer, (done) => sign(step, host.deferred, done, answer));
      break;
  }
}

function sign(
  step: Extract<Step, { kind: "sign" }>,
  waiting: number,
  done: () => void,
  answer: (value: Answer) => void,
): void {
  const signed = (value: Answer) => {
    done();
    answer(value);
  };
  const failed = (cause: unknown) => {
    signed({ ok: false, error: new PeerError("ERR_QZMQ_INTERNAL", "Signer failed", { cause }) });
  };
  try {
    const signature = step.signer.sign(step.message, step.context, waiting);
    if (signature instanceof Uint8Array) signed({ ok: true, value: signature });
    else signature.then((value) => signed({ ok: true, value }), failed);
  } catch (error) {
    failed(error);
  }
}
