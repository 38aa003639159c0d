/** Who asked for a text lives as long as the css_set does: an address that nobody asked for in a whole look may be another's. */
interface Known {
  cgroupId: number;
  text: string;
  look: number;
}

/**
 * /proc/<pid>/cgroup of processes, read once for each css_set: that of the kernel stands for one cgroup in every hierarchy,
 * so that all who have it have the same text.
 */
export class CgroupTexts {
  readonly #read: (pid: number) => string;
  readonly #texts = new Map<number, Known>();
  #look = 0;

  /** @param read the text of a process; empty where it is gone */
  constructor(read: (pid: number) => string) {
    this.#read = read;
  }

  begin(): void {
    this.#look += 1;
  }

  /** @param cssSet its address, and `cgroupId` the id of its cgroup in the v2 hierarchy, which is never given twice */
  of(pid: number, cssSet: number, cgroupId: number): string {
    const known = this.#texts.get(cssSet);
    if (known?.cgroupId === cgroupId) {
      known.look = this.#look;
      return known.text;
    }
    const text = this.#read(pid);
    if (text !== '') this.#texts.set(cssSet, { cgroupId, text, look: this.#look });
    return text;
  }

  /** Forgets what the look that ends has not asked for. */
  end(): void {
    for (const [cssSet, { look }] of this.#texts) if (look !== this.#look) this.#texts.delete(cssSet);
  }
}
