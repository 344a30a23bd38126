/**
 * PLAIN (RFC 24): user name and password in clear, checked by the server's authorizer.
 *
 *     client  HELLO(user, password) ->  <- WELCOME  INITIATE(metadata) ->  <- READY(metadata)  server
 *
 * ERROR may stand in place of either answer.
 */
import { LayoutError, Reader } from "../bytes/reader.ts";
import { utf8 } from "../bytes/writer.ts";
import { PeerError, type PeerErrorCode } from "../errors.ts";
import { type Command, decodeCommand, encodeCommand, encodeError, errorReason } from "../wire/command.ts";
import { decodeMetadata, type Metadata } from "../wire/metadata.ts";
import { authorizedMetadata, peerError, refusal, refusalOutput } from "./authorization.ts";
import type {
  Authorization,
  Mechanism,
  MechanismFactory,
  MechanismHost,
  MechanismStatus,
} from "./mechanism.ts";

const MAX_HANDSHAKE_FRAME = 65_536;
/** Every libzmq since 4.3.0 sends ERROR with a wrong name length: "^RROR" (5E is read as 94, one octet, not 5, "E"). */
const LIBZMQ_ERROR = Buffer.from("^RROR");

/** Which side of PLAIN a socket plays, whichever side binds. */
export type PlainOptions =
  | { readonly asServer: true }
  | { readonly asServer: false; readonly username: string; readonly password: string };

/** PLAIN for every connection of a socket. Throws `RangeError` when a credential exceeds 255 octets. */
export function plainMechanism(options: PlainOptions): MechanismFactory {
  if (options.asServer) return { name: "PLAIN", optionName: "plain", create: () => new PlainServer() };
  const hello = [options.username, options.password].map((text) => {
    const octets = utf8(text);
    if (octets.length > 255) throw new RangeError("PLAIN user names and passwords have at most 255 octets");
    return octets;
  });
  return { name: "PLAIN", optionName: "plain", create: () => new PlainClient(hello[0]!, hello[1]!) };
}

/** What both sides share. `#awaited` of each subclass names the command it takes next. */
abstract class Plain implements Mechanism {
  readonly name = "PLAIN";
  abstract readonly asServer: boolean;
  readonly transparent = true;
  readonly maxFrameSize = MAX_HANDSHAKE_FRAME;
  readonly canSend = true;
  readonly facts = null;
  readonly deadline = Number.POSITIVE_INFINITY;
  status: MechanismStatus = "handshaking";
  peerMetadata: Metadata | null = null;
  protected host!: MechanismHost;
  protected output: Uint8Array[] = [];

  abstract start(host: MechanismHost): void;
  abstract advance(): null;
  abstract receive(flags: number, body: Uint8Array): null;

  /** Parses and checks the peer's metadata. */
  protected accept(command: Command): Metadata {
    const metadata = decodeMetadata(command.data);
    this.host.acceptPeer(metadata);
    return metadata;
  }

  takeOutput(): Uint8Array[] {
    const output = this.output;
    this.output = [];
    return output;
  }

  seal(): never {
    throw new TypeError("PLAIN has nothing to seal");
  }

  onDeadline(): void {}

  close(): void {}

  end(): void {}

  dispose(): void {}
}

class PlainClient extends Plain {
  readonly asServer = false;
  readonly #username: Uint8Array;
  readonly #password: Uint8Array;
  #awaited: "WELCOME" | "READY" = "WELCOME";

  constructor(username: Uint8Array, password: Uint8Array) {
    super();
    this.#username = username;
    this.#password = password;
  }

  start(host: MechanismHost): void {
    this.host = host;
    this.output.push(
      encodeCommand(
        "HELLO",
        Uint8Array.of(this.#username.length),
        this.#username,
        Uint8Array.of(this.#password.length),
        this.#password,
      ),
    );
  }

  advance(): null {
    return null;
  }

  receive(_flags: number, body: Uint8Array): null {
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    if (bytes.subarray(0, LIBZMQ_ERROR.length).equals(LIBZMQ_ERROR)) {
      throw peerError(errorReason(bytes.subarray(LIBZMQ_ERROR.length)));
    }
    const command = decodeCommand(body);
    if (command.name === "ERROR") throw peerError(errorReason(command.data));
    if (command.name !== this.#awaited) {
      throw new PeerError("ERR_ZMTP_UNEXPECTED_COMMAND", `${this.#awaited} was expected`);
    }
    if (this.#awaited === "WELCOME") {
      if (command.data.length > 0) throw malformed("WELCOME", "it has no data");
      this.output.push(encodeCommand("INITIATE", this.host.metadata));
      this.#awaited = "READY";
      return null;
    }
    this.peerMetadata = this.accept(command);
    this.status = "ready";
    return null;
  }
}

class PlainServer extends Plain {
  readonly asServer = true;
  #awaited: "HELLO" | "INITIATE" = "HELLO";
  #decision: Authorization | null = null;

  start(host: MechanismHost): void {
    this.host = host;
  }

  receive(_flags: number, body: Uint8Array): null {
    const command = decodeCommand(body);
    if (command.name !== this.#awaited) {
      throw new PeerError("ERR_ZMTP_UNEXPECTED_COMMAND", `${this.#awaited} was expected`);
    }
    if (this.#awaited === "HELLO") this.#hello(command);
    else this.#initiate(command);
    return null;
  }

  #hello(command: Command): void {
    const credentials: Uint8Array[] = [];
    try {
      const reader = new Reader(command.data);
      credentials.push(reader.v8("user name").slice(), reader.v8("password").slice());
      reader.end("HELLO");
    } catch (error) {
      if (error instanceof LayoutError) throw malformed("HELLO", error.message);
      throw error;
    }
    this.status = "waiting";
    let within = true;
    this.host.authorize(credentials, (decision) => {
      this.#decision = decision;
      if (!within) this.host.wake();
    });
    within = false;
    if (this.#decision !== null) this.advance();
  }

  advance(): null {
    const decision = this.#decision;
    if (this.status !== "waiting" || decision === null) return null;
    if (decision.status !== 200) {
      this.output.push(...refusalOutput(decision));
      throw refusal(decision);
    }
    this.status = "handshaking";
    this.#awaited = "INITIATE";
    this.output.push(encodeCommand("WELCOME"));
    return null;
  }

  #initiate(command: Command): void {
    try {
      this.peerMetadata = authorizedMetadata(this.accept(command), this.#decision!);
    } catch (error) {
      this.output.push(encodeError("Invalid metadata"));
      throw error;
    }
    this.output.push(encodeCommand("READY", this.host.metadata));
    this.status = "ready";
  }
}

function malformed(command: "HELLO" | "WELCOME", why: string): PeerError {
  const code: PeerErrorCode = `ERR_ZMTP_MALFORMED_COMMAND_${command}`;
  return new PeerError(code, `Malformed ${command}: ${why}`);
}
