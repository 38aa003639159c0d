import { type SyscallName, syscallNumber } from '../arch.ts';
import { errnoName, SyscallError } from '../error.ts';
import { Fd, numberOf } from '../fd.ts';
import { named, type Operand, showOperands } from '../library.ts';
import { argumentKind, headWords, maxTolerated, pseudoCall, recordBytes, recordFields, recordFlag, slotHead } from './format.ts';
import type { Slot } from './slot.ts';

/** A place in the memory of a slot: in the list's own data, or a word of the head, which every list of the slot can reach. */
export class Place {
  readonly offset: number;
  readonly isData: boolean;
  constructor(offset: number, isData: boolean) {
    this.offset = offset;
    this.isData = isData;
  }

  /** So many bytes behind it. */
  plus(bytes: number): Place {
    return new Place(this.offset + bytes, this.isData);
  }
}

/** What is at a place when the call is made. */
export class Content {
  readonly place: Place;
  readonly label: string;
  constructor(place: Place, label: string) {
    this.place = place;
    this.label = label;
  }
}

/** A call of a list; as an argument of a later one, what it answered. */
export class Call {
  readonly index: number;
  readonly label: string;
  constructor(index: number, label: string) {
    this.index = index;
    this.label = label;
  }
}

/** A descriptor that a call of a list is made with. */
export type ListFd = Fd | Call | Content;
type Argument = number | bigint | Fd | Call | Place | Content;

/** As it stands in transcripts and errors. */
export const shown = (fd: ListFd | number): Operand => (typeof fd === 'number' || fd instanceof Fd ? fd : named(fd.label));

export interface CallOptions {
  /** What its answer is called where it is a descriptor. */
  label?: string;
  /** Operands in transcripts and errors; absent: the call is no step of what is done to the host. */
  operands?: readonly Operand[];
  /** It changes nothing: no step, though it has operands for its error. */
  isLook?: boolean;
  /** Errno that do not fail the list, at most four: it goes on behind the calls up to `land`. */
  tolerate?: readonly number[];
  /** An answer of 0 fails too: the end of a channel. */
  zeroFails?: boolean;
  /** Whatever it answers, the list goes on. */
  ignoreFailure?: boolean;
  /** A call that answers twice: the child goes on with the next call, the parent behind those up to `land`. */
  fork?: boolean;
  /** Makes the failure, where it is not to read as that of the syscall. */
  failure?: (errno: number, answers: ListAnswers) => Error;
}

/** What came of the calls of a list in its slot. */
export interface ListAnswers {
  /** What a call answered: a negative errno where it failed; 0 where it was not made. */
  answer(call: Call): number;
  /** Whether a call was made and has answered. */
  wasMade(call: Call): boolean;
}

const growth = 16_384;

/** A list of calls as it is written: records and data, for a place in a slot. */
export class SyscallList {
  readonly origin: number;
  // The same memory, as words of 32 and of 16 bits: many are written for each child.
  #words = new Int32Array(growth / 4);
  #halves = new Uint16Array(this.#words.buffer);
  #count = 0;
  #data = Buffer.alloc(growth);
  #dataLength = 0;
  readonly #texts = new Map<string, Place>();
  /** Offsets of words in records that point into the data: where that begins is known at the end. */
  readonly #pointers: number[] = [];
  /** Pairs: a place, and a place whose address goes there. */
  readonly #addresses: [Place, Place][] = [];
  readonly #names: string[] = [];
  readonly #options: CallOptions[] = [];

  /** @param origin where in a slot it will lie */
  constructor(origin: number) {
    this.origin = origin;
  }

  /** Where the next call will be. */
  get nextOffset(): number {
    return this.origin + this.#count * recordBytes;
  }

  /** Where a list of the slot begins. */
  static beginning(list: CompiledList): Place {
    return new Place(list.origin, false);
  }

  /** Part of the head in which the record that failed and its errno stand, side by side. */
  static readonly failed = new Place(slotHead.failedRecord, false);

  /** A word of the head of the slot, by place: whatever lists tell each other. */
  static word(index: number): Place {
    return new Place(headWords + 8 * index, false);
  }

  /** Zeroed memory, aligned to 8 bytes. */
  room(bytes: number): Place {
    const at = (this.#dataLength + 7) & ~7;
    this.#dataLength = at + bytes;
    while (this.#dataLength > this.#data.length) this.#data = Buffer.concat([this.#data, Buffer.alloc(this.#data.length)]);
    return new Place(at, true);
  }

  /** Bytes, such as a struct. */
  bytes(content: Uint8Array): Place {
    const place = this.room(content.length);
    this.#data.set(content, place.offset);
    return place;
  }

  /** A text that ends in a NUL; the same one for the same text. */
  text(content: string): Place {
    let place = this.#texts.get(content);
    if (place === undefined) {
      place = this.room(Buffer.byteLength(content) + 1);
      this.#data.write(content, place.offset);
      this.#texts.set(content, place);
    }
    return place;
  }

  /** Has the address of one place written to another when the list is laid into its slot. */
  address(at: Place, of: Place): void {
    this.#addresses.push([at, of]);
  }

  /** Addresses of texts, ended by 0, as execve(2) takes them. */
  vector(texts: readonly string[]): Place {
    const vector = this.room(8 * (texts.length + 1));
    for (const [index, text] of texts.entries()) this.address(vector.plus(8 * index), this.text(text));
    return vector;
  }

  call(name: SyscallName, args: readonly Argument[], options: CallOptions = {}): Call {
    return this.#add(syscallNumber(name), name, args, options);
  }

  /** Writes a word: a number, what was answered or is somewhere, or the address of a place. */
  set(place: Place, value: number | Call | Content | Place): Call {
    return this.#add(pseudoCall.set, 'set', [place, value], {});
  }

  /** Fails with an errno unless the word at a place, under a mask, is as expected. */
  compare(place: Place, mask: number, expected: number, errno: number, options: CallOptions = {}): Call {
    return this.#add(pseudoCall.compare, 'compare', [place, mask, expected, errno], options);
  }

  /** Goes on elsewhere: behind the calls up to `land`, at a place, or at the address that a word holds. */
  jump(to?: Content | Place): Call {
    return this.#add(pseudoCall.jump, 'jump', [to ?? 0], {});
  }

  /** Calls that tolerate an errno, forks and jumps go on here. */
  land(...calls: readonly Call[]): void {
    for (const { index } of calls) {
      const at = index * recordBytes;
      if (this.#halves[at / 2] === pseudoCall.jump) this.#argument(at, 0, new Place(this.nextOffset, false));
      else this.#halves[(at + recordFields.skip) / 2] = this.#count - index - 1;
    }
  }

  #add(number: number, name: string, args: readonly Argument[], options: CallOptions): Call {
    const index = this.#count;
    const at = index * recordBytes;
    if (at + recordBytes > this.#words.byteLength) this.#grow();
    this.#count += 1;
    const half = at / 2;
    this.#halves[half] = number;
    const { zeroFails, ignoreFailure, fork, tolerate } = options;
    this.#halves[half + recordFields.flags / 2] =
      (zeroFails ? recordFlag.zeroFails : 0) | (ignoreFailure ? recordFlag.failureIgnored : 0) | (fork ? recordFlag.fork : 0);
    if (tolerate !== undefined) {
      if (tolerate.length > maxTolerated) throw new Error(`${name} tolerates at most ${maxTolerated} errno`);
      this.#halves.set(tolerate, half + recordFields.tolerated / 2);
    }
    for (let place = 0; place < args.length; place += 1) this.#argument(at, place, args[place] as Argument);
    this.#names.push(name);
    this.#options.push(options);
    return new Call(index, options.label ?? name);
  }

  #grow(): void {
    const grown = new Int32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
    this.#halves = new Uint16Array(grown.buffer);
  }

  #argument(record: number, place: number, argument: Argument): void {
    const at = record + recordFields.args + 8 * place;
    if (typeof argument === 'number') this.#write(at, argument);
    else if (typeof argument === 'bigint') this.#write(at, Number(argument));
    else if (argument instanceof Fd) this.#write(at, numberOf(argument));
    else {
      const isPointer = argument instanceof Place;
      const target = isPointer ? argument : argument instanceof Content ? argument.place : this.resultOf(argument);
      this.#write(at, target.offset);
      if (target.isData) this.#pointers.push(at);
      const kinds = (record + recordFields.kinds) / 2;
      const kind = isPointer ? argumentKind.pointer : argumentKind.indirect;
      this.#halves[kinds] = ((this.#halves[kinds] as number) & ~(3 << (2 * place))) | (kind << (2 * place));
    }
  }

  /** Where the answer of a call is kept. */
  resultOf(call: Call): Place {
    return new Place(this.origin + call.index * recordBytes + recordFields.result, false);
  }

  #write(at: number, value: number): void {
    this.#words[at / 4] = value | 0;
    this.#words[at / 4 + 1] = Math.floor(value / 0x1_0000_0000);
  }

  /** The list as it can be laid into slots, again and again. It is written to no more. */
  compile(): CompiledList {
    const recordsLength = this.#count * recordBytes;
    const dataStart = this.origin + recordsLength;
    for (const at of this.#pointers) this.#words[at / 4] = (this.#words[at / 4] as number) + dataStart;
    const bytes = Buffer.allocUnsafe(recordsLength + this.#dataLength);
    bytes.set(new Uint8Array(this.#words.buffer, 0, recordsLength));
    this.#data.copy(bytes, recordsLength, 0, this.#dataLength);
    const offsetOf = (place: Place): number => (place.isData ? dataStart : 0) + place.offset;
    const addresses = new Int32Array(this.#addresses.length * 2);
    for (const [index, [at, of]] of this.#addresses.entries()) {
      addresses[2 * index] = offsetOf(at);
      addresses[2 * index + 1] = offsetOf(of);
    }
    return new CompiledList({ origin: this.origin, bytes, addresses, names: this.#names, options: this.#options });
  }
}

/** A list in its final form. */
export class CompiledList {
  readonly origin: number;
  readonly #bytes: Buffer;
  readonly #addresses: Int32Array;
  readonly #names: readonly string[];
  readonly #options: readonly CallOptions[];
  /** Beginning of each step's text; made when it is first asked for. */
  #stepTexts: (string | undefined)[] | undefined;

  constructor(given: {
    origin: number;
    bytes: Buffer;
    addresses: Int32Array;
    names: readonly string[];
    options: readonly CallOptions[];
  }) {
    this.origin = given.origin;
    this.#bytes = given.bytes;
    this.#addresses = given.addresses;
    this.#names = given.names;
    this.#options = given.options;
  }

  /** Bytes that it takes in a slot. */
  get size(): number {
    return this.#bytes.length;
  }

  /** Where it ends, rounded up to where another can begin. */
  get end(): number {
    return (this.origin + this.#bytes.length + 7) & ~7;
  }

  /** Lays it into a slot. What the calls answered there before is gone. */
  lay(slot: Slot): void {
    slot.lay(this.#bytes, this.origin);
    const addresses = this.#addresses;
    for (let index = 0; index < addresses.length; index += 2)
      slot.put(addresses[index] as number, slot.address + (addresses[index + 1] as number));
  }

  answers(slot: Slot): ListAnswers {
    const at = (call: Call): number => this.origin + call.index * recordBytes;
    return {
      answer: (call) => slot.take(at(call) + recordFields.result),
      wasMade: (call) => slot.take(at(call) + recordFields.sec) !== 0 || slot.take(at(call) + recordFields.nsec) !== 0,
    };
  }

  /** The call that failed the list, as an error; undefined where none of this list did. */
  failure(slot: Slot): Error | undefined {
    const offset = slot.take(slotHead.failedRecord) - this.origin;
    if (slot.take(slotHead.failedRecord) === 0 || offset < 0 || offset >= this.#names.length * recordBytes) return undefined;
    const index = offset / recordBytes;
    const errno = slot.take(slotHead.failedErrno);
    const { failure, operands } = this.#options[index] as CallOptions;
    return failure?.(errno, this.answers(slot)) ?? new SyscallError(this.#names[index] as string, errno, showOperands(operands ?? []));
  }

  /**
   * The steps that were made, as JSON texts `["<syscall>","<operands>",<nsec>,"<error>"]`.
   *
   * @param begin when the first call began, in nanoseconds after the list of the slot did
   * @returns when the last one ended
   */
  steps(slot: Slot, begin: number, take: (text: string) => void): number {
    this.#stepTexts ??= this.#names.map((name, index) => {
      const { operands, isLook } = this.#options[index] as CallOptions;
      return operands === undefined || isLook === true ? undefined : `[${JSON.stringify(name)},${JSON.stringify(showOperands(operands))},`;
    });
    const beginSec = slot.take(slotHead.beginSec);
    const beginNsec = slot.take(slotHead.beginNsec);
    let last = begin;
    for (let index = 0, at = this.origin; index < this.#stepTexts.length; index += 1, at += recordBytes) {
      const sec = slot.take(at + recordFields.sec);
      const nsec = slot.take(at + recordFields.nsec);
      if (sec === 0 && nsec === 0) continue;
      const ended = (sec - beginSec) * 1e9 + nsec - beginNsec;
      const text = this.#stepTexts[index];
      if (text !== undefined) {
        const result = slot.take(at + recordFields.result);
        const isFailure = result < 0 && result >= -4095;
        take(`${text}${ended - last},"${isFailure ? errnoName(-result) : ''}"]`);
      }
      last = ended;
    }
    return last;
  }
}
