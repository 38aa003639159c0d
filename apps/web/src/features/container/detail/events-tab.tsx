'use client';
import { useTranslations } from 'next-intl';
import { Section } from '../../../components/page-head.tsx';
import { EventsView } from '../../event/events-view.tsx';
import { useShown } from './container-frame.tsx';

export function EventsTab() {
  const t = useTranslations('events');
  const { container } = useShown();
  return (
    <Section title={t('title')}>
      <EventsView filter={{ container: container.id }} compact />
    </Section>
  );
}
