import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface NoticeProps {
  readonly kind: 'loading' | 'empty' | 'error' | 'info';
  readonly title: string;
  readonly children?: ComponentChildren;
}

const ICONS: Readonly<Record<NoticeProps['kind'], IconName>> = {
  loading: 'flow',
  empty: 'fine',
  error: 'wrong',
  info: 'unread',
};

/** What a view shows instead of its content, and what to do about it. */
export function Notice({ kind, title, children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      <Icon name={ICONS[kind]} />
      <div>
        <p class="notice-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** Says that something could not be read, and offers to try again. */
export function Failure({ title, message, retry }: { title: string; message: string; retry: () => void }) {
  return (
    <Notice kind="error" title={title}>
      <p>{message}</p>
      <button type="button" class="button" onClick={retry}>
        <Icon name="again" /> Try again
      </button>
    </Notice>
  );
}
