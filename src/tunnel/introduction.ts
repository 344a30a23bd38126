/**
 * How the programs at both ends of a relayed connection are made known to each other. Each leg says of itself what the
 * other leg's peer said: Socket-Type, Identity and whatever other properties. So each program sees its true peer.
 */
import { checkIdentity, incompatible, type Party, socketTypeOf } from "../engine/party.ts";
import { PeerError } from "../errors.ts";
import { MAX_METADATA, METADATA_OVERHEAD } from "../mechanism/qzmq/peer-metadata.ts";
import { encodeMetadata, type Metadata } from "../wire/metadata.ts";
import { isCompatible, isSocketType } from "../wire/socket-type.ts";

/** Not for a peer to say: the authorizer's word, and the padding of a secured handshake. */
const OWN: ReadonlySet<string> = new Set(["user-id", "x-pad"]);

/** See the head of this file: the two parties of one connection. */
export class Introduction {
  readonly near: Party;
  readonly far: Party;
  #nearPeer: Metadata | null = null;
  #farPeer: Metadata | null = null;

  constructor() {
    const nearPeer = (): Metadata | null => this.#nearPeer;
    const farPeer = (): Metadata | null => this.#farPeer;
    this.near = {
      get metadata() {
        return encodeMetadata(farPeer()!);
      },
      acceptPeer: (metadata) => {
        checkPeer(metadata, this.#farPeer);
      },
    };
    this.far = {
      get metadata() {
        return encodeMetadata(nearPeer()!);
      },
      acceptPeer: (metadata) => {
        checkPeer(metadata, this.#nearPeer);
        this.#farPeer = new Map(passedOn(metadata));
      },
    };
  }

  /**
   * What the near leg's peer says of itself, and the name under which we know it ("" for none), which becomes property
   * `User-Id`, as an authorizer's would: the far program may read it (`zmq_msg_gets`). False: the properties cannot
   * be passed on, and `near.acceptPeer` will say why.
   */
  begin(claimed: Metadata, userId: string): boolean {
    try {
      checkPeer(claimed, null);
    } catch (error) {
      if (error instanceof PeerError) return false;
      throw error;
    }
    const known = passedOn(claimed);
    if (userId !== "") known.push(["User-Id", Buffer.from(userId)]);
    this.#nearPeer = new Map(known);
    return true;
  }
}

function passedOn(metadata: Metadata): [string, Uint8Array][] {
  return [...metadata].filter(([name]) => !OWN.has(name.toLowerCase()));
}

/**
 * Whether a peer can be made known, and talk to `other`, which is at the other end. Throws {@link PeerError}
 * `ERR_ZMTP_INVALID_METADATA`, `ERR_ZMTP_INCOMPATIBLE_SOCKET_TYPE`.
 */
function checkPeer(metadata: Metadata, other: Metadata | null): void {
  const type = socketTypeOf(metadata);
  if (type === null) throw new PeerError("ERR_ZMTP_INVALID_METADATA", "No Socket-Type to pass on");
  // Other types have commands of their own, which nobody here would carry.
  if (!isSocketType(type)) throw incompatible("relayed", type);
  checkIdentity(metadata);
  if (encodeMetadata(metadata).length > MAX_METADATA - METADATA_OVERHEAD) {
    throw new PeerError("ERR_ZMTP_INVALID_METADATA", "More properties than a secured leg carries");
  }
  const otherType = other === null ? null : socketTypeOf(other);
  if (otherType !== null && !isCompatible(type, otherType)) throw incompatible(type, otherType);
}
