import { Content, SyscallList } from '@bulkhead/kernel';

/*
 * What differs from child to child stands in words of its slot's head, where every list of the child finds it, so that
 * lists themselves are the same for many.
 */

const channelWord = SyscallList.word(0);
const onwardWord = SyscallList.word(1);
const assignmentWord = SyscallList.word(2);
const controlMessage = SyscallList.word(8);
/** Size of struct cmsghdr: descriptors that come by recvmsg(2) stand behind it. */
const controlHeaderBytes = 16;

/** The child's end of the channel to its launcher. */
export const channel = new Content(channelWord, 'channel');
/** Address at which the child goes on when its sandbox is ready. */
export const onward = new Content(onwardWord, 'onward');
/** Address of the list that makes a container of a sandbox that has waited. */
export const assignment = new Content(assignmentWord, 'assignment');
/** Descriptors that a child is given at most. */
export const mostDescriptors = 32;

/** Where the words are, for the launcher who writes them. */
export const wordOffsets = { channel: channelWord.offset, onward: onwardWord.offset, assignment: assignmentWord.offset };
export const controlPlace = controlMessage;

/** A descriptor that was given to the child, by place. @param label of what it is */
export const given = (place: number, label: string): Content => new Content(controlMessage.plus(controlHeaderBytes + 4 * place), label);
