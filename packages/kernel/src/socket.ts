import koffi from 'koffi';
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SCM_RIGHTS,
  SO_PEERCRED,
  SOCK_CLOEXEC,
  SOL_SOCKET,
} from './constants.ts';
import { SyscallError } from './error.ts';
import { adopt, type Fd, numberOf } from './fd.ts';
import { layouts, pack, put, takeInt, takeU64 } from './layout.ts';
import { declare, perform } from './library.ts';

const cSocket = declare<(domain: number, type: number, protocol: number) => number>('socket', 'int', ['int', 'int', 'int']);
const cSocketpair = declare<(domain: number, type: number, protocol: number, fds: Int32Array) => number>('socketpair', 'int', [
  'int',
  'int',
  'int',
  'void *',
]);
const cBind = declare<(fd: number, address: Buffer, length: number) => number>('bind', 'int', ['int', 'void *', 'uint32_t']);
const cListen = declare<(fd: number, backlog: number) => number>('listen', 'int', ['int', 'int']);
const cConnect = declare<(fd: number, address: Buffer, length: number) => number>('connect', 'int', ['int', 'void *', 'uint32_t']);
const cAccept4 = declare<(fd: number, address: null, length: null, flags: number) => number>('accept4', 'int', [
  'int',
  'void *',
  'void *',
  'int',
]);
const cGetsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: Int32Array) => number>('getsockopt', 'int', [
  'int',
  'int',
  'int',
  'void *',
  'void *',
]);
const cSetsockopt = declare<(fd: number, level: number, name: number, value: Int32Array, length: number) => number>('setsockopt', 'int', [
  'int',
  'int',
  'int',
  'void *',
  'uint32_t',
]);
const cSendmsg = declare<(fd: number, message: Buffer, flags: number) => number>('sendmsg', 'long', ['int', 'void *', 'int']);
const cRecvmsg = declare<(fd: number, message: Buffer, flags: number) => number>('recvmsg', 'long', ['int', 'void *', 'int']);

/** Descriptors one message may carry here (the kernel's SCM_MAX_FD is 253). */
export const maxMessageFds = 32;

function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(path);
  if (bytes.length > 107) throw new Error(`socket path has ${bytes.length} bytes, at most 107 fit: ${path}`);
  const address = pack(layouts.sockaddrUn, { sun_family: AF_UNIX });
  bytes.copy(address, 2);
  return address;
}

/** socket(2). SOCK_CLOEXEC is always added. */
export function socket(domain: number, type: number, protocol = 0): Fd {
  return adopt(
    perform('socket', [domain, type, protocol], () => cSocket(domain, type | SOCK_CLOEXEC, protocol)),
    `socket:${domain}:${type & 0xf}`,
  );
}

/** socketpair(2) of AF_UNIX. SOCK_CLOEXEC is always added. */
export function socketpair(type: number, label: string): [Fd, Fd] {
  const fds = new Int32Array(2);
  perform('socketpair', [label], () => cSocketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds));
  return [adopt(fds[0] as number, `${label}:0`), adopt(fds[1] as number, `${label}:1`)];
}

/** bind(2) to a unix path. */
export function bindUnix(fd: Fd, path: string): void {
  const address = unixAddress(path);
  perform('bind', [fd, path], () => cBind(numberOf(fd), address, address.length));
}

/** listen(2). */
export function listen(fd: Fd, backlog: number): void {
  perform('listen', [fd, backlog], () => cListen(numberOf(fd), backlog));
}

/** connect(2) to a unix path. */
export function connectUnix(fd: Fd, path: string): void {
  const address = unixAddress(path);
  perform('connect', [fd, path], () => cConnect(numberOf(fd), address, address.length));
}

/** accept4(2). @returns undefined where nobody waits (EAGAIN) */
export function accept4(fd: Fd, flags: number): Fd | undefined {
  const number = cAccept4(numberOf(fd), null, null, flags | SOCK_CLOEXEC);
  if (number >= 0) return adopt(number, 'connection');
  const failure = new SyscallError('accept4', koffi.errno(), fd.label);
  if (failure.code === 'EAGAIN' || failure.code === 'ECONNABORTED') return undefined;
  throw failure;
}

/** setsockopt(2) with an integer. */
export function setsockopt(fd: Fd, level: number, name: number, value: number): void {
  perform('setsockopt', [fd, level, name, value], () => cSetsockopt(numberOf(fd), level, name, Int32Array.of(value), 4));
}

/** Who is at the other end (unix(7), SO_PEERCRED): the process that connected, as it was then. */
export interface PeerCredentials {
  pid: number;
  uid: number;
  gid: number;
}

function peerCredentialsOf(number: number, label: string): PeerCredentials {
  const buffer = Buffer.alloc(layouts.ucred.size);
  const length = Int32Array.of(buffer.length);
  perform('getsockopt', [label, 'SO_PEERCRED'], () => cGetsockopt(number, SOL_SOCKET, SO_PEERCRED, buffer, length));
  return {
    pid: takeInt(buffer, layouts.ucred, 'pid'),
    uid: takeInt(buffer, layouts.ucred, 'uid') >>> 0,
    gid: takeInt(buffer, layouts.ucred, 'gid') >>> 0,
  };
}

/** getsockopt(2), SO_PEERCRED. */
export const peerCredentials = (fd: Fd): PeerCredentials => peerCredentialsOf(numberOf(fd), fd.label);

/** SO_PEERCRED of a connection that Node accepted; undefined where it is gone already. */
export function peerCredentialsOfNodeSocket(connection: object): PeerCredentials | undefined {
  const handle = (connection as { _handle?: { fd?: number } | null })._handle;
  const number = handle?.fd;
  return typeof number === 'number' && number >= 0 ? peerCredentialsOf(number, 'connection') : undefined;
}

/** Buffers that only a raw address points to are held here during a call, so that none is collected under it. */
const inFlight: (Buffer | undefined)[] = [];

const cmsghdrSize = layouts.cmsghdr.size;
const align = (length: number): number => (length + 7) & ~7;

/** Fills a struct msghdr that points into the buffers given; they must stay referenced until the call is over. */
function messageHeader(data: Buffer, control: Buffer | undefined): { header: Buffer; vector: Buffer } {
  const vector = pack(layouts.iovec, { iov_base: BigInt(koffi.address(data)), iov_len: data.length });
  const header = pack(layouts.msghdr, { msg_iov: BigInt(koffi.address(vector)), msg_iovlen: 1 });
  if (control !== undefined) {
    put(header, layouts.msghdr, 'msg_control', BigInt(koffi.address(control)));
    put(header, layouts.msghdr, 'msg_controllen', control.length);
  }
  return { header, vector };
}

/**
 * sendmsg(2): one message, with descriptors as SCM_RIGHTS (unix(7)).
 *
 * @returns false where the receiver's queue is full (EAGAIN on a non-blocking socket)
 */
export function sendMessage(fd: Fd, data: Buffer, fds: readonly Fd[] = []): boolean {
  if (fds.length > maxMessageFds) throw new Error(`a message carries at most ${maxMessageFds} descriptors`);
  let control: Buffer | undefined;
  if (fds.length > 0) {
    control = Buffer.alloc(align(cmsghdrSize + 4 * fds.length));
    put(control, layouts.cmsghdr, 'cmsg_len', cmsghdrSize + 4 * fds.length);
    put(control, layouts.cmsghdr, 'cmsg_level', SOL_SOCKET);
    put(control, layouts.cmsghdr, 'cmsg_type', SCM_RIGHTS);
    for (const [index, each] of fds.entries()) control.writeInt32LE(numberOf(each), cmsghdrSize + 4 * index);
  }
  const { header, vector } = messageHeader(data, control);
  inFlight.push(vector, data, control);
  const sent = cSendmsg(numberOf(fd), header, MSG_NOSIGNAL);
  const errno = sent < 0 ? koffi.errno() : 0;
  inFlight.length = 0;
  if (sent >= 0) return true;
  const failure = new SyscallError('sendmsg', errno, `${fd.label}, ${data.length} bytes, ${fds.length} descriptors`);
  if (failure.code === 'EAGAIN') return false;
  throw failure;
}

/**
 * recvmsg(2): one message and the descriptors that came with it, close-on-exec.
 *
 * @returns undefined where nothing waits (EAGAIN); `data` of length 0 at the end of the connection
 */
export function receiveMessage(fd: Fd, buffer: Buffer): { data: Buffer; fds: Fd[] } | undefined {
  const control = Buffer.alloc(align(cmsghdrSize + 4 * maxMessageFds));
  const { header, vector } = messageHeader(buffer, control);
  inFlight.push(vector, buffer, control);
  const count = cRecvmsg(numberOf(fd), header, MSG_CMSG_CLOEXEC);
  const errno = count < 0 ? koffi.errno() : 0;
  inFlight.length = 0;
  if (count < 0) {
    const failure = new SyscallError('recvmsg', errno, fd.label);
    if (failure.code === 'EAGAIN') return undefined;
    throw failure;
  }
  const fds: Fd[] = [];
  const controlLength = Number(takeU64(header, layouts.msghdr, 'msg_controllen'));
  for (let offset = 0; offset + cmsghdrSize <= controlLength; ) {
    const length = Number(takeU64(control, layouts.cmsghdr, 'cmsg_len', offset));
    if (length < cmsghdrSize) break;
    if (
      takeInt(control, layouts.cmsghdr, 'cmsg_level', offset) === SOL_SOCKET &&
      takeInt(control, layouts.cmsghdr, 'cmsg_type', offset) === SCM_RIGHTS
    ) {
      for (let at = offset + cmsghdrSize; at + 4 <= offset + length; at += 4) fds.push(adopt(control.readInt32LE(at), 'received'));
    }
    offset += align(length);
  }
  const flags = takeInt(header, layouts.msghdr, 'msg_flags');
  if ((flags & (MSG_TRUNC | MSG_CTRUNC)) !== 0) {
    for (const each of fds) each[Symbol.dispose]();
    throw new SyscallError('recvmsg', 90, `${fd.label}: message or descriptors cut off`);
  }
  return { data: Buffer.from(buffer.subarray(0, count)), fds };
}
