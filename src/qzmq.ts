/** What this library has beyond zeromq.js: the members of the export `qzmq`. */

/** Version of this package; the main entry's `version` names the libzmq whose behaviour it follows. */
export const version = "0.1.0";
