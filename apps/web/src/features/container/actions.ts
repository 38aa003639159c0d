import type { Container } from '@bulkhead/model';

export type ContainerAction = 'start' | 'stop' | 'kill' | 'delete';

/** Actions that make sense in the state a container is in. */
export function possibleActions({ status }: Pick<Container, 'status'>): readonly ContainerAction[] {
  switch (status) {
    case 'creating':
      return ['delete'];
    case 'created':
      return ['start', 'delete'];
    case 'running':
      return ['stop', 'kill', 'delete'];
    case 'stopped':
      return ['delete'];
  }
}
