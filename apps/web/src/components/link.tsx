import NextLink from 'next/link';
import type { ComponentProps } from 'react';

/** A link that fetches its page when it is followed: pages are small and near, and a table of links would fetch them all. */
export function Link(props: ComponentProps<typeof NextLink>) {
  return <NextLink prefetch={false} {...props} />;
}
