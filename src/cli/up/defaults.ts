/** What `up` and the commands that talk to it take where nothing else is named. */

export const DATA_DEFAULT = "canswarm-data";
/** Encryption and the outside world are the affair of a proxy. */
export const HOST_DEFAULT = "127.0.0.1";
export const PORT_DEFAULT = 7070;
