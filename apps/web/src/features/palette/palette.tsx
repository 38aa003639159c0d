'use client';
import '@mantine/spotlight/styles.css';
import type { SessionView } from '@bulkhead/api';
import { useMantineColorScheme } from '@mantine/core';
import { Spotlight, spotlight } from '@mantine/spotlight';
import { IconActivity, IconBolt, IconBox, IconDoor, IconFile, IconSearch, IconSitemap, IconStack2 } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { usePathname, useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { useEffect, useMemo, useState } from 'react';
import { RuntimeBadge } from '../../components/maker-badge.tsx';
import { pagesOf } from '../../components/pages.ts';
import { useChooseLanguage } from '../../components/use-choose-language.ts';
import { useTRPC } from '../../lib/api.ts';
import { labKinds } from '../../lib/known.ts';
import { possibleActions as possibleOnCgroup } from '../cgroup/act/actions.ts';
import { useActOn } from '../cgroup/act/use-act-on.ts';
import { cgroupHref, pathOfSegments } from '../cgroup/cgroups-url.ts';
import { nameOf } from '../cgroup/rows.ts';
import { useTree } from '../cgroup/use-tree.ts';
import { useAction } from '../container/action-provider.tsx';
import { possibleActions } from '../container/actions.ts';
import { eventWords } from '../event/event-words.ts';
import { useContainers } from '../live/live-provider.tsx';
import { namespaceHref, workloadHref } from '../namespace/namespaces-url.ts';
import { searchTextOf } from '../namespace/rooms.ts';
import { useInventory } from '../namespace/use-inventory.ts';
import { signOut } from '../session/auth-api.ts';
import css from './palette.module.css';
import { type PaletteItem, rankKinds } from './rank.ts';

const mostOfKind = 6;
const mostEvents = 100;

interface Item extends PaletteItem {
  description?: string | undefined;
  right?: React.ReactNode;
  act(): void;
}

type Kind = 'pages' | 'actions' | 'containers' | 'workloads' | 'namespaces' | 'cgroups' | 'events';
const icons = {
  pages: IconFile,
  actions: IconBolt,
  containers: IconBox,
  workloads: IconStack2,
  namespaces: IconDoor,
  cgroups: IconSitemap,
  events: IconActivity,
} as const;

const looks = {
  action: css.action ?? '',
  actionDescription: css.description ?? '',
  actionSection: css.section ?? '',
  actionLabel: css.label ?? '',
  actionBody: css.body ?? '',
};

/** Every page, object and action by name. */
export function Palette({ session, openHelp, onClosed }: { session: SessionView; openHelp(): void; onClosed(): void }) {
  const t = useTranslations('palette');
  const s = useTranslations('shell');
  const a = useTranslations('action');
  const g = useTranslations('cgroupAct');
  const w = useTranslations('eventKind');
  const l = useTranslations('labs');
  const router = useRouter();
  const trpc = useTRPC();
  const ask = useAction();
  const chooseLanguage = useChooseLanguage();
  const { setColorScheme } = useMantineColorScheme();
  const administrator = session.tenants === 'all';
  const containers = useContainers();
  const { namespaces, workloads } = useInventory();
  const { cgroups } = useTree(administrator);
  const { data: events } = useQuery(trpc.event.list.queryOptions({ limit: mostEvents }));
  const [query, setQuery] = useState('');
  // Of all the cgroups of a host, only the one whose page is open is acted on from here.
  const place = usePathname();
  const pathShown = pathOfSegments(place.split('/').slice(3));
  const shown = place.startsWith('/cgroups/at') ? cgroups?.get(pathShown) : undefined;
  const actOn = useActOn({ follow: true });

  useEffect(() => spotlight.open(), []);

  const kinds = useMemo<{ kind: Kind; items: Item[] }[]>(() => {
    const go = (href: string) => () => router.push(href);
    const own = [...(containers?.values() ?? [])];
    return [
      {
        kind: 'pages',
        items: pagesOf(administrator).map(({ href, key }) => ({ id: href, label: s(`page.${key}`), keywords: key, act: go(href) })),
      },
      {
        kind: 'containers',
        items: own.map((container) => ({
          id: container.id,
          label: container.name,
          description: container.args.join(' '),
          keywords: [container.id, container.tenantId, container.image, ...container.args].join(' ').toLowerCase(),
          right: <span>{container.tenantId}</span>,
          act: go(`/containers/${container.id}`),
        })),
      },
      {
        kind: 'workloads',
        items: [...workloads.values()]
          .filter(({ maker }) => maker.containerId === undefined)
          .map((workload) => ({
            id: workload.id,
            label: workload.maker.name,
            description: workload.leader.command,
            keywords: [
              workload.maker.runtime,
              workload.maker.externalId,
              workload.maker.image,
              workload.cgroupPath,
              workload.leader.command,
            ]
              .join(' ')
              .toLowerCase(),
            right: <RuntimeBadge runtime={workload.maker.runtime} />,
            act: go(workloadHref(workload)),
          })),
      },
      {
        kind: 'namespaces',
        items: [...(namespaces?.values() ?? [])].map((namespace) => ({
          id: namespace.key,
          label: `${namespace.type} ${namespace.ino}`,
          description: namespace.maker.name,
          keywords: searchTextOf(namespace),
          right: <RuntimeBadge runtime={namespace.maker.runtime} />,
          act: go(namespaceHref(namespace.key)),
        })),
      },
      {
        kind: 'cgroups',
        items: [...(cgroups?.values() ?? [])].map(({ path, maker }) => ({
          id: path,
          label: path,
          keywords: `${maker.name} ${maker.runtime}`.toLowerCase(),
          act: go(cgroupHref(path)),
        })),
      },
      {
        kind: 'events',
        items: (events ?? []).map((event) => ({
          id: event.id,
          label: `${w(eventWords[event.kind])}${event.containerName === undefined ? '' : ` · ${event.containerName}`}`,
          description: event.at,
          keywords: `${event.kind} ${event.tenantId ?? ''} ${event.subject?.name ?? ''}`.toLowerCase(),
          act: go(`/events?event=${event.id}`),
        })),
      },
      {
        kind: 'actions',
        items: [
          ...(['light', 'dark', 'auto'] as const).map((scheme) => ({
            id: `theme ${scheme}`,
            label: `${s('theme.label')}: ${s(`theme.${scheme}`)}`,
            keywords: `theme ${scheme}`,
            act: () => setColorScheme(scheme),
          })),
          { id: 'en', label: 'English', keywords: 'language 语言 英语', act: () => chooseLanguage('en') },
          { id: 'zh', label: '简体中文', keywords: 'language chinese 语言 zhongwen', act: () => chooseLanguage('zh') },
          ...(administrator ? labKinds : []).map((kind) => ({
            id: `lab ${kind}`,
            label: l('palette', { lab: l(`kind.${kind}`) }),
            keywords: `lab experiment run ${kind}`,
            act: go(`/labs#${kind}`),
          })),
          { id: 'keys', label: s('shortcuts'), keywords: 'help keys', act: openHelp },
          {
            id: 'sign-out',
            label: s('signOut'),
            keywords: 'sign out logout',
            act: () => void signOut().then(() => window.location.assign('/sign-in')),
          },
          ...(shown === undefined ? [] : possibleOnCgroup(shown)).map((action) => ({
            id: `cgroup ${action}`,
            label: `${g(`${action}.word`)} ${nameOf(pathShown)}`,
            keywords: `cgroup ${action}`,
            act: () => actOn({ path: pathShown }, action),
          })),
          ...own.flatMap((container) =>
            possibleActions(container).map((action) => ({
              id: `${action} ${container.id}`,
              label: a(`${action}.title`, { name: container.name }),
              keywords: action,
              act: () => ask({ container, action }),
            })),
          ),
        ],
      },
    ];
  }, [
    containers,
    workloads,
    namespaces,
    cgroups,
    shown,
    pathShown,
    actOn,
    events,
    administrator,
    router,
    s,
    a,
    g,
    w,
    l,
    ask,
    chooseLanguage,
    setColorScheme,
    openHelp,
  ]);

  const groups = rankKinds(kinds, query, mostOfKind);
  return (
    <Spotlight.Root
      query={query}
      onQueryChange={setQuery}
      shortcut={null}
      scrollable
      maxHeight={480}
      onSpotlightClose={onClosed}
      aria-label={t('title')}
      classNames={looks}
    >
      <Spotlight.Search
        placeholder={t('placeholder')}
        aria-label={t('placeholder')}
        leftSection={<IconSearch size={18} aria-hidden="true" />}
      />
      <Spotlight.ActionsList>
        {groups.map(({ kind, items }) => {
          const Icon = icons[kind];
          return (
            <Spotlight.ActionsGroup key={kind} label={t(`kind.${kind}`)}>
              {items.map((item) => (
                <Spotlight.Action
                  key={item.id}
                  label={item.label}
                  {...(item.description === undefined ? {} : { description: item.description })}
                  leftSection={<Icon size={18} stroke={1.6} aria-hidden="true" />}
                  rightSection={item.right}
                  dimmedSections={false}
                  onClick={item.act}
                />
              ))}
            </Spotlight.ActionsGroup>
          );
        })}
        {groups.length === 0 && <Spotlight.Empty>{t('nothing')}</Spotlight.Empty>}
      </Spotlight.ActionsList>
    </Spotlight.Root>
  );
}
