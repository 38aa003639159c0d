/** The only importer of koffi: one function a syscall, named as in section 2 of the manual; descriptors as objects. No policy. */
export * from './bpf.ts';
export * from './bpf-assembler.ts';
export {
  assembleDeviceProgram,
  attachDeviceProgram,
  type DeviceException,
  type DeviceProgram,
  detachDeviceProgram,
  deviceAccess,
  deviceProgramIds,
  disassembleDeviceProgram,
  loadDeviceProgram,
  openDeviceProgram,
  readDeviceProgram,
} from './bpf-cgroup-device.ts';
export * from './btf.ts';
export * from './btf-encoder.ts';
export * from './constants.ts';
export { type EpollEvent, epoll_create1, epoll_ctl, epoll_wait } from './epoll.ts';
export * from './error.ts';
export { type CgroupEvent, writeEventControl, writeEventControlAside } from './event-control.ts';
export { eventfd, takeEventfd } from './eventfd.ts';
export { Fd, hasNumber } from './fd.ts';
export * from './file.ts';
export * from './inherit.ts';
export { type InotifyEvent, inotify_add_watch, inotify_init1, inotify_rm_watch, readInotify } from './inotify.ts';
export { KeptFiles } from './kept-files.ts';
export { layouts, pack, put, takeInt } from './layout.ts';
export { showOperands } from './library.ts';
export * as calls from './list/calls.ts';
export { headBytes, slotHead } from './list/format.ts';
export { Slot } from './list/slot.ts';
export {
  type Call,
  type CallOptions,
  CompiledList,
  Content,
  type ListAnswers,
  type ListFd,
  Place,
  SyscallList,
} from './list/syscall-list.ts';
export * from './listing.ts';
export * from './nsfs.ts';
export * from './perf.ts';
export { poll, type Readiness } from './poll.ts';
export { hasSyscall, landlockVersion, type ProbedSyscall, readClockState } from './probe.ts';
export * from './proc.ts';
export * from './process.ts';
export { activeRecorder, type RecordedStep, Recorder, record } from './recorder.ts';
export * from './socket.ts';
