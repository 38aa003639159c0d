import type { Needs } from '../needs.ts';

/** What a guest needs of this machine. */
export const guestNeeds: Needs = {
  root: true,
  architecture: 'x64',
  programs: ['qemu-system-x86_64', 'busybox', 'mke2fs', 'debootstrap', 'setpriv', 'apt-get', 'dpkg-deb'],
};
