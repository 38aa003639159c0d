import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { arch, architectures, commonSyscalls } from './arch.ts';
import * as constants from './constants.ts';
import { layouts, pack, put, takeInt, takeU64 } from './layout.ts';

/** Headers in which the structs and constants stand; linux/mount.h and sys/mount.h cannot be read together. */
const headers = [
  'stddef.h',
  'stdio.h',
  'fcntl.h',
  'sched.h',
  'signal.h',
  'sys/types.h',
  'sys/socket.h',
  'sys/un.h',
  'sys/uio.h',
  'sys/epoll.h',
  'sys/eventfd.h',
  'sys/inotify.h',
  'sys/ioctl.h',
  'sys/resource.h',
  'sys/wait.h',
  'sys/mman.h',
  'sys/vfs.h',
  'time.h',
  'net/if.h',
  'linux/sched.h',
  'linux/openat2.h',
  'linux/mount.h',
  'linux/capability.h',
  'linux/prctl.h',
  'linux/sockios.h',
  'sys/stat.h',
  'linux/nsfs.h',
  'linux/magic.h',
  'linux/close_range.h',
  'linux/perf_event.h',
  'linux/bpf.h',
  'linux/btf.h',
];

/** Newer than the headers of some supported distributions; what they mean is held by tests that use them on a live kernel. */
const mayBeNewer = new Set([
  'mntIdReq',
  'nsIdReq',
  'LSMT_ROOT',
  'LISTMOUNT_REVERSE',
  'NS_GET_MNTNS_ID',
  'pidfdInfo',
  'PIDFD_GET_INFO',
  'PIDFD_INFO_EXIT',
  'OPEN_TREE_CLOEXEC',
  'FSMOUNT_CLOEXEC',
  'FSOPEN_CLOEXEC',
  'listmount',
  'listns',
]);

/** Structs that say their own size to the kernel: newer headers have more of them. */
const growing = new Set(['perfEventAttr', 'bpfProgLoad', 'bpfMapCreate', 'bpfMapBatch', 'bpfBtfLoad', 'bpfLinkCreate', 'bpfIterCreate']);

/** In sys/mount.h alone, which cannot be read beside linux/mount.h; named with an underscore in the header. */
const readElsewhere = new Set(['MNT_DETACH', 'LINUX_CAPABILITY_VERSION_3']);

/** Tables of ours, no constants of C. */
const ownTables = new Set(['capabilityNames', 'namespaceTable', 'pidfdNamespaceRequests']);

function compileAndRun(body: string, included: readonly string[] = headers): string {
  const directory = mkdtempSync(join(tmpdir(), 'bulkhead-layout-'));
  try {
    const source = join(directory, 'layout.c');
    writeFileSync(
      source,
      // The second is what arm64's own header asks the generic one for.
      `#define _GNU_SOURCE\n#define __ARCH_WANT_SYS_CLONE3\n#include <stdio.h>\n${included.map((name) => `#include <${name}>`).join('\n')}\nint main(void) {\n${body}\nreturn 0;\n}\n`,
    );
    const program = join(directory, 'layout');
    execFileSync('cc', ['-w', '-o', program, source]);
    return execFileSync(program, { encoding: 'utf8' });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const numbers = (text: string): Map<string, bigint> =>
  new Map(
    text
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[0] as string, BigInt(line.split(' ')[1] as string)]),
  );

describe.skipIf(process.arch !== 'x64')('layouts and constants as the C compiler has them', () => {
  it('has every struct at its size and every field at its offset', () => {
    const structs = Object.entries(layouts).filter(([name]) => !mayBeNewer.has(name));
    const body = structs.map(([name, layout]) =>
      [
        `printf("${name} %zu\\n", sizeof(${layout.cName}));`,
        ...Object.keys(layout.fields).map(
          (field) =>
            `printf("${name}.${field} %zu\\n${name}.${field}:size %zu\\n", offsetof(${layout.cName}, ${field}), sizeof(((${layout.cName} *)0)->${field}));`,
        ),
      ].join('\n'),
    );
    const found = numbers(compileAndRun(body.join('\n')));
    for (const [name, layout] of structs) {
      if (growing.has(name)) expect(Number(found.get(name)), name).toBeGreaterThanOrEqual(layout.size);
      else expect({ name, size: found.get(name) }).toEqual({ name, size: BigInt(layout.size) });
      for (const [field, [offset, size]] of Object.entries(layout.fields) as [string, readonly [number, number]][]) {
        expect({ name, field, offset: found.get(`${name}.${field}`), size: found.get(`${name}.${field}:size`) }).toEqual({
          name,
          field,
          offset: BigInt(offset),
          size: BigInt(size),
        });
      }
    }
  });

  it('has the struct that is packed on one architecture as it is on this one', () => {
    const body = 'printf("size %zu\\ndata %zu\\n", sizeof(struct epoll_event), offsetof(struct epoll_event, data));';
    expect(numbers(compileAndRun(body))).toEqual(new Map(Object.entries(arch.epollEvent).map(([name, value]) => [name, BigInt(value)])));
  });

  it('has every constant at its value', () => {
    const ours = Object.entries(constants).filter(([name]) => !ownTables.has(name)) as [string, number | bigint][];
    const body = ours.map(([name]) => `#ifdef ${name}\nprintf("${name} %lld\\n", (long long)(${name}));\n#endif`).join('\n');
    // Those that are enumerators, not macros.
    const enumerators = [
      'FSCONFIG_SET_FLAG',
      'FSCONFIG_SET_STRING',
      'FSCONFIG_SET_FD',
      'FSCONFIG_CMD_CREATE',
      'SOCK_STREAM',
      'SOCK_DGRAM',
      'SOCK_SEQPACKET',
      'SOCK_CLOEXEC',
      'SOCK_NONBLOCK',
      'P_PID',
      'P_PIDFD',
      'IFF_UP',
      'CLD_EXITED',
      'CLD_KILLED',
      'CLD_DUMPED',
      'MSG_PEEK',
      'MSG_DONTWAIT',
      'MSG_NOSIGNAL',
      'MSG_CMSG_CLOEXEC',
      'MSG_TRUNC',
      'MSG_CTRUNC',
      'SCM_RIGHTS',
      'BPF_MAP_CREATE',
      'BPF_MAP_LOOKUP_AND_DELETE_BATCH',
      'BPF_MAP_TYPE_HASH',
      'BPF_F_NO_PREALLOC',
      'BPF_FUNC_map_lookup_elem',
      'BPF_FUNC_map_update_elem',
      'BPF_PROG_LOAD',
      'BPF_BTF_LOAD',
      'BPF_LINK_CREATE',
      'BPF_ITER_CREATE',
      'BPF_PROG_TYPE_TRACING',
      'BPF_TRACE_ITER',
      'BPF_FUNC_get_current_pid_tgid',
      'BPF_FUNC_probe_read_kernel',
      'BPF_FUNC_seq_write',
      'BPF_FUNC_loop',
      'PERF_TYPE_SOFTWARE',
      'PERF_COUNT_SW_DUMMY',
      'PERF_RECORD_LOST',
      'PERF_RECORD_COMM',
      'PERF_RECORD_EXIT',
      'PERF_RECORD_FORK',
      'PERF_RECORD_NAMESPACES',
      'EFD_CLOEXEC',
      'EFD_NONBLOCK',
      'EPOLLIN',
      'EPOLLPRI',
      'EPOLLERR',
      'EPOLLHUP',
    ];
    const more = enumerators.map((name) => `printf("${name} %lld\\n", (long long)(${name}));`).join('\n');
    const found = numbers(compileAndRun(`${body}\n${more}`));
    const missing = ours.map(([name]) => name).filter((name) => !found.has(name) && !mayBeNewer.has(name) && !readElsewhere.has(name));
    expect(missing).toEqual([]);
    for (const [name, value] of ours) {
      const theirs = found.get(name);
      if (theirs !== undefined)
        expect({ name, value: BigInt.asUintN(32, theirs) }).toEqual({ name, value: BigInt.asUintN(32, BigInt(value)) });
    }
  });
});

describe.skipIf(process.arch !== 'x64')('numbers of syscalls', () => {
  it.each([
    ['x64', 'asm/unistd.h'],
    // That is what arm64 uses (arch/arm64/include/uapi/asm/unistd.h).
    ['arm64', 'asm-generic/unistd.h'],
  ])('are those of the header, on %s', (architecture, header) => {
    const ours: Record<string, number> = { ...architectures[architecture]?.syscalls, ...commonSyscalls };
    const body = Object.keys(ours).map((name) => `#ifdef __NR_${name}\nprintf("${name} %d\\n", __NR_${name});\n#endif`);
    const found = numbers(compileAndRun(body.join('\n'), [header]));
    const missing = Object.keys(ours).filter((name) => !found.has(name) && !mayBeNewer.has(name));
    expect(missing).toEqual([]);
    for (const [name, number] of Object.entries(ours))
      if (found.has(name)) expect({ name, number: found.get(name) }).toEqual({ name, number: BigInt(number) });
  });
});

describe('fields', () => {
  it('are read as they were written, at any base', () => {
    const buffer = Buffer.alloc(64);
    put(buffer, layouts.cmsghdr, 'cmsg_len', 20n, 16);
    put(buffer, layouts.cmsghdr, 'cmsg_type', -1, 16);
    expect(takeU64(buffer, layouts.cmsghdr, 'cmsg_len', 16)).toBe(20n);
    expect(takeInt(buffer, layouts.cmsghdr, 'cmsg_type', 16)).toBe(-1);
    expect(pack(layouts.winsize, { ws_row: 24, ws_col: 80 })).toEqual(Buffer.from([24, 0, 80, 0, 0, 0, 0, 0]));
  });
});
