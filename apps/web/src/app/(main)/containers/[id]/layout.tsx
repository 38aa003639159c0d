import type { ReactNode } from 'react';
import { ContainerFrame } from '../../../../features/container/detail/container-frame.tsx';

export default function ContainerLayout({ children }: { children: ReactNode }) {
  return <ContainerFrame>{children}</ContainerFrame>;
}
