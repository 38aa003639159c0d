'use client';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import type { Node, NodeProps } from '@xyflow/react';
import { useTranslations } from 'next-intl';
import { memo } from 'react';
import { RuntimeBadge } from '../../../components/maker-badge.tsx';
import { holderIcons } from '../held-mark.tsx';
import css from './graph.module.css';
import type { GroupBox, RoomBox } from './plan.ts';

export interface Look {
  chosen: boolean;
  /** Left in the background while something else is looked for. */
  faint: boolean;
  arrived: boolean;
}

export type RoomNode = Node<{ box: RoomBox; look: Look }, 'room'>;
export type GroupNode = Node<{ box: GroupBox; look: Look }, 'group'>;
export type GraphNode = RoomNode | GroupNode;

const Room = memo(function Room({ data: { box, look } }: NodeProps<RoomNode>) {
  const t = useTranslations('graph');
  const h = useTranslations('holder');
  const { room, shown, hidden, children, ground } = box;
  const HeldIcon = room.heldBy === undefined ? undefined : holderIcons[room.heldBy];
  return (
    <div
      className={css.room}
      data-room={room.key}
      data-ground={ground}
      data-around={children.length > 0}
      data-empty={room.heldBy !== undefined}
      data-own={room.runtime === 'bulkhead'}
      data-chosen={look.chosen}
      data-faint={look.faint}
      data-arrived={look.arrived}
    >
      <div className={css.head}>
        <span className={css.title}>{ground ? t('ground') : room.name}</span>
        <RuntimeBadge runtime={room.runtime} />
      </div>
      <div className={css.meta}>
        {room.namespace.ino} · {t('processes', { count: room.namespace.holders.processes })}
      </div>
      <div className={css.people}>
        {shown.map(({ workload, processes }) => (
          <span key={workload.id} className={css.person} data-own={workload.maker.runtime === 'bulkhead'} title={workload.maker.name}>
            <span className={css.personName}>{workload.maker.name}</span>
            <span className={css.personCount}>{processes}</span>
          </span>
        ))}
        {hidden > 0 && <span className={css.others}>{t('others', { count: hidden })}</span>}
        {HeldIcon !== undefined && room.heldBy !== undefined && (
          <span className={css.heldBy}>
            <HeldIcon size={14} stroke={1.75} aria-hidden="true" />
            <span>{h(`only.${room.heldBy}`)}</span>
          </span>
        )}
      </div>
    </div>
  );
});

const Group = memo(function Group({ data: { box, look } }: NodeProps<GroupNode>) {
  const t = useTranslations('graph');
  const r = useTranslations('runtime.name');
  const { group } = box;
  const Icon = group.open ? IconChevronDown : IconChevronRight;
  return (
    <div className={css.group} data-group={group.path} data-open={group.open} data-chosen={look.chosen} data-faint={look.faint}>
      <div className={css.head}>
        <Icon size={16} aria-hidden="true" />
        <span className={css.title}>{group.prefix === '' ? r(group.runtime) : `${group.prefix}…`}</span>
        {group.prefix !== '' && <RuntimeBadge runtime={group.runtime} />}
      </div>
      <div className={css.meta}>
        {t('rooms', { count: group.rooms.length })} · {t('processes', { count: group.processes })}
      </div>
    </div>
  );
});

export const nodeTypes = { room: Room, group: Group };
