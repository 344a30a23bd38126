/** Early data: messages that go with a ticket's CLIENTHELLO, before the server has answered (spec, "Early data"). */
import { PeerError } from "../../errors.ts";
import { areWholeMessages, wholeMessages } from "./framing.ts";
import type { TrafficKey } from "./key-schedule.ts";
import {
  cutRecords,
  decodeRecordHead,
  EARLY_OVERHEAD,
  RecordOpener,
  RecordSealer,
  STREAM,
} from "./record.ts";

/** Largest plaintext of an EARLY record: its body fits the largest frame before the handshake is done. */
export const MAX_EARLY_PLAINTEXT = 65_536 - EARLY_OVERHEAD;
/** EARLY commands in one handshake, at most. */
export const MAX_EARLY_COMMANDS = 64;
/** So many octets of unwanted early data are read past, or as many as a ticket may allow. */
const MIN_DROPPED = 65_536;

/** What a client sent early, kept until the server has said whether it takes it. */
export interface EarlyFlight {
  readonly frames: readonly Uint8Array[];
  readonly size: number;
  /** EARLY commands sent. */
  readonly records: number;
}

/** Seals whole messages into EARLY records, appended to `out`. Takes `key` over and wipes it. */
export function sealEarly(
  key: TrafficKey,
  frames: readonly Uint8Array[],
  recordLimit: number,
  out: Uint8Array[],
): EarlyFlight {
  const sealer = new RecordSealer(key, STREAM.early, 0);
  try {
    const limit = Math.min(recordLimit, MAX_EARLY_PLAINTEXT);
    cutRecords(frames, limit, (pieces, size) => sealer.seal("EARLY", pieces, size, out));
    return { frames, size: sealer.bytes, records: sealer.records };
  } finally {
    sealer.wipe();
  }
}

/** What a server does with EARLY commands. */
export interface EarlyIntake {
  /** One command body. What is to be delivered at once; `null` for nothing. Throws {@link PeerError}. */
  take(body: Uint8Array): Uint8Array | null;
  /**
   * CLIENTKEY is there and has verified, and says how many were sent. The messages, `null` for none. Throws
   * {@link PeerError} `ERR_QZMQ_PROTOCOL` when it does not agree.
   */
  finish(records: number): Uint8Array | null;
  wipe(): void;
}

/**
 * Opens and holds early data up to `limit` octets. Takes `key` over. `hold` accounts for octets held. `immediate`: holds
 * only what is no whole message yet.
 */
export function acceptEarly(
  key: TrafficKey,
  limit: number,
  hold: (octets: number) => void,
  immediate = false,
): EarlyIntake {
  const opener = new RecordOpener(key, STREAM.early, 0);
  let held: Uint8Array[] = [];
  const deliver = (): Uint8Array | null => {
    const frames = Buffer.concat(held);
    const whole = wholeMessages(frames);
    if (whole === null) throw misfit("not whole messages");
    if (whole === 0) return null;
    held = [frames.subarray(whole)];
    return frames.subarray(0, whole);
  };
  return {
    take(body) {
      const head = decodeRecordHead(body);
      const size = body.length - EARLY_OVERHEAD;
      if (head === null || head.name !== "EARLY" || head.keyId !== 0) throw misfit("malformed");
      if (opener.records === MAX_EARLY_COMMANDS || opener.bytes + size > limit)
        throw misfit("more than allowed");
      hold(size);
      held.push(opener.open(head, body));
      return immediate ? deliver() : null;
    },
    finish(records) {
      if (records !== opener.records) throw misfit("records are missing");
      const messages = Buffer.concat(held);
      if (!areWholeMessages(messages)) throw misfit("not whole messages");
      return messages.length === 0 ? null : messages;
    },
    wipe() {
      opener.wipe();
      for (const plaintext of held) plaintext.fill(0);
    },
  };
}

/** Drops early data that was asked for and refused, unopened; `earlyLimit` is the largest that a ticket allows. */
export function dropEarly(earlyLimit: number): EarlyIntake {
  let octets = 0;
  let commands = 0;
  return {
    take(body) {
      octets += Math.max(0, body.length - EARLY_OVERHEAD);
      if (++commands > MAX_EARLY_COMMANDS || octets > Math.max(earlyLimit, MIN_DROPPED)) {
        throw misfit("more than allowed");
      }
      return null;
    },
    finish(records) {
      if (records !== 0) throw misfit("counted although refused");
      return null;
    },
    wipe() {},
  };
}

/** For a client that did not ask. */
export const NO_EARLY: EarlyIntake = {
  take() {
    throw misfit("not asked for");
  },
  finish(records) {
    if (records !== 0) throw misfit("not asked for");
    return null;
  },
  wipe() {},
};

function misfit(what: string): PeerError {
  return new PeerError("ERR_QZMQ_PROTOCOL", `Early data: ${what}`);
}
