'use client';
import type { Container, ContainerDetail } from '@bulkhead/model';
import { Button, Menu } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import { useParams, usePathname, useRouter } from 'next/navigation';
import { useTranslations } from 'next-intl';
import { createContext, type ReactNode, useContext, useEffect } from 'react';
import { Link } from '../../../components/link.tsx';
import { Notice } from '../../../components/notice.tsx';
import { PageHead } from '../../../components/page-head.tsx';
import { RowsSkeleton } from '../../../components/rows-skeleton.tsx';
import { TabLinks } from '../../../components/tab-links.tsx';
import { RelativeTime } from '../../../components/time.tsx';
import { TroubleNotice } from '../../../components/trouble-notice.tsx';
import { AwayNotice } from '../../live/away-notice.tsx';
import { useAction } from '../action-provider.tsx';
import { type ContainerAction, possibleActions } from '../actions.ts';
import { ContainerStatusMark } from '../container-status.tsx';
import css from './detail.module.css';
import { useContainerState } from './use-container.ts';

const tabs = ['overview', 'processes', 'logs', 'namespaces', 'transcript', 'events'] as const;

interface Shown {
  container: Container;
  detail: ContainerDetail | undefined;
  gone: boolean;
}

const ShownContext = createContext<Shown | undefined>(undefined);

/** The container that the page around is about. */
export function useShown(): Shown {
  const shown = useContext(ShownContext);
  if (shown === undefined) throw new Error('useShown is used outside ContainerFrame');
  return shown;
}

function Actions({ container }: { container: Container }) {
  const t = useTranslations('action');
  const router = useRouter();
  const ask = useAction();
  const act = (action: ContainerAction) =>
    ask({ container, action, ...(action === 'delete' ? { onDone: () => router.push('/containers') } : {}) });
  const [main, ...others] = possibleActions(container);
  return (
    <>
      {main !== undefined && (
        <Button size="xs" variant={main === 'start' ? 'filled' : 'default'} onClick={() => act(main)}>
          {t(`${main}.word`)}
        </Button>
      )}
      {others.length > 0 && (
        <Menu position="bottom-end" withinPortal>
          <Menu.Target>
            <Button size="xs" variant="default" rightSection={<IconChevronDown size={14} aria-hidden="true" />}>
              {t('more')}
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            {others.map((other) => (
              <Menu.Item key={other} {...(other === 'delete' ? { c: 'var(--bad)' } : {})} onClick={() => act(other)}>
                {t(`${other}.word`)}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      )}
    </>
  );
}

/** Head and tabs of a container; the tab's own page stands below. */
export function ContainerFrame({ children }: { children: ReactNode }) {
  const t = useTranslations('containerPage');
  const { id: reference } = useParams<{ id: string }>();
  const pathname = usePathname();
  const { container, detail, gone, trouble, retry } = useContainerState(decodeURIComponent(reference));
  const base = `/containers/${reference}`;
  const name = container?.name;
  useEffect(() => {
    if (name !== undefined) document.title = `${name} · Bulkhead`;
  }, [name]);

  if (trouble !== undefined && container === undefined)
    return (
      <>
        <PageHead title={t('unknown')} lead={<Link href="/containers">{t('back')}</Link>} />
        <TroubleNotice trouble={trouble} retry={retry} />
      </>
    );
  if (container === undefined)
    return (
      <>
        <PageHead title={' '} />
        <RowsSkeleton />
      </>
    );
  return (
    <ShownContext.Provider value={{ container, detail, gone }}>
      <PageHead
        title={container.name}
        state={<ContainerStatusMark container={container} />}
        lead={
          <span className={css.facts}>
            <Link className={css.tenant} href={`/containers?tenant=${container.tenantId}`}>
              {container.tenantId}
            </Link>
            <span>{container.image}</span>
            <span>{t.rich('created', { time: () => <RelativeTime at={container.createdAt} /> })}</span>
            <code className={css.args} title={container.args.join(' ')}>
              {container.args.join(' ')}
            </code>
          </span>
        }
        actions={!gone && <Actions container={container} />}
      />
      <AwayNotice />
      {gone && (
        <Notice state="unknown" title={t('gone.title')}>
          {t('gone.what')}
        </Notice>
      )}
      <TabLinks
        label={t('tabs.label')}
        tabs={tabs.map((tab) => {
          const href = tab === 'overview' ? base : `${base}/${tab}`;
          return { href, word: t(`tabs.${tab}`), isShown: pathname === href };
        })}
      />
      {children}
    </ShownContext.Provider>
  );
}
