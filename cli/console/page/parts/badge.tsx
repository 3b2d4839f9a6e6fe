import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon.tsx';

/** How a badge is coloured. Its icon and text say the same. */
export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'water';

interface BadgeProps {
  readonly tone: Tone;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
}

/** A short statement with an icon. */
export function Badge({ tone, icon, children }: BadgeProps) {
  return (
    <span class={`badge tone-${tone}`}>
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </span>
  );
}

/** A name and a value. */
export function Figure({ name, children }: { readonly name: string; readonly children: ComponentChildren }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
