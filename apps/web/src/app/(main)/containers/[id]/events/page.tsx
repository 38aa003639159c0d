import { EventsTab } from '../../../../../features/container/detail/events-tab.tsx';

export default function Page() {
  return <EventsTab />;
}
