/** Factories of the QZMQ mechanism, one for each role of a socket (spec, "QZMQ/1"). */
import type { Mechanism, MechanismFactory } from "../mechanism.ts";
import { Admission } from "./admission.ts";
import type { Mode } from "./algorithm.ts";
import { startClient } from "./client.ts";
import {
  type ClientOptions,
  checkCommon,
  checkEarlyDelivery,
  checkServerName,
  type ServerOptions,
} from "./config.ts";
import { type Counters, createCounters } from "./counters.ts";
import { MECHANISM_NAME, QzmqMechanism } from "./qzmq.ts";
import type { Role } from "./role.ts";
import { startServer } from "./server.ts";
import { TicketService } from "./ticket-service.ts";

/** Makes QZMQ mechanisms, and holds what the connections of a socket share. */
export interface QzmqFactory extends MechanismFactory {
  create(): QzmqMechanism;
  /** Which algorithms are taken. */
  readonly mode: Mode;
  readonly counters: Counters;
  /** Those that were made and are not over. */
  readonly connections: ReadonlySet<QzmqMechanism>;
  /** Half-open handshakes and what they cost; `null` for a client. */
  readonly admission: Admission | null;
  /** Overwrites shared secrets (ticket and cookie keys). No connection of the socket is to be left. */
  dispose(): void;
}

/** For a socket that plays the client. Throws `RangeError` for settings out of bounds. */
export function qzmqClient(options: ClientOptions): QzmqFactory {
  const settings = checkCommon(options);
  const serverName = checkServerName(options.serverName);
  checkEarlyDelivery(options.earlyDelivery);
  const counters = options.counters ?? createCounters();
  const role: RoleParts = {
    ...{ asServer: false, counters, provider: settings.provider, recordLimit: settings.recordLimit },
    unixTime: settings.unixTime,
    mode: settings.mode,
    helloTimeout: settings.handshakeTimeout,
    handshakeTimeout: settings.handshakeTimeout,
    enter: () => ({
      begin: (handshake) => startClient(handshake, { settings, options, serverName }),
      operate: (defer, start) => defer(() => start(() => {})),
      tick() {},
      buffer() {},
      leave() {},
    }),
  };
  return factory(role, null, () => {});
}

/** For a socket that plays the server. Throws `RangeError` for settings out of bounds, or when keys or trust are missing. */
export function qzmqServer(options: ServerOptions): QzmqFactory {
  const settings = checkCommon(options);
  const counters = options.counters ?? createCounters();
  const clientAuth = options.clientAuth ?? "none";
  if (options.identities().length === 0) throw new RangeError("a QZMQ server has at least one identity");
  if (clientAuth !== "none" && options.trust === undefined) {
    throw new RangeError(`clientAuth ${clientAuth} needs trust in clients: pins or authorities`);
  }
  const helloTimeout = options.helloTimeout ?? 5000;
  if (!(helloTimeout > 0)) throw new RangeError("helloTimeout: more than 0 ms expected");
  const admission = options.admission ?? new Admission(settings.provider, settings.random);
  const tickets = options.tickets ? new TicketService(settings, options) : null;
  const config = { settings, options, clientAuth, admission, tickets };
  const role: RoleParts = {
    ...{ asServer: true, counters, provider: settings.provider, recordLimit: settings.recordLimit },
    unixTime: settings.unixTime,
    mode: settings.mode,
    helloTimeout,
    handshakeTimeout: settings.handshakeTimeout,
    enter(peerAddress, drop) {
      const seat = admission.enter(peerAddress, drop);
      return {
        begin: (handshake) => startServer(handshake, config, seat),
        operate: (defer, start) => seat.operate(defer, start),
        tick: (now) => admission.tick(now),
        buffer: (octets) => seat.buffer(octets),
        leave: () => seat.leave(),
      };
    },
  };
  return factory(role, admission, () => {
    tickets?.dispose();
    admission.dispose();
  });
}

type RoleParts = Omit<Role, "over"> & { readonly mode: Mode };

function factory(parts: RoleParts, admission: Admission | null, dispose: () => void): QzmqFactory {
  const connections = new Set<QzmqMechanism>();
  const all: Set<Mechanism> = connections;
  const role: Role = { ...parts, over: (mechanism) => all.delete(mechanism) };
  return {
    ...{ name: MECHANISM_NAME, optionName: "qzmq", errorIsHint: true, securesInproc: false },
    ...{ mode: parts.mode, counters: parts.counters, connections, admission, dispose },
    create() {
      const mechanism = new QzmqMechanism(role);
      connections.add(mechanism);
      return mechanism;
    },
  };
}
