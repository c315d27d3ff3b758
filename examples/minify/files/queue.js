/** A first-in, first-out queue whose operations take constant time on average. */
export class Queue {
  #incoming = [];
  #outgoing = [];

  get size() {
    return this.#incoming.length + this.#outgoing.length;
  }

  push(value) {
    this.#incoming.push(value);
  }

  shift() {
    if (this.#outgoing.length === 0) {
      this.#outgoing = this.#incoming.reverse();
      this.#incoming = [];
    }
    return this.#outgoing.pop();
  }
}
