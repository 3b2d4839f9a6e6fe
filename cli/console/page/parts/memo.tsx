import type { ComponentChild } from 'preact';
import { useRef } from 'preact/hooks';

/** A part that is rendered again only if one of its properties changed. */
export function memo<Props extends object>(Part: (props: Props) => ComponentChild) {
  return function Memo(props: Props) {
    const last = useRef<{ readonly props: Props; readonly node: ComponentChild } | undefined>(undefined);
    if (last.current === undefined || !isSame(last.current.props, props))
      last.current = { props, node: <Part {...props} /> };
    // Preact leaves a node alone that it gets a second time.
    return last.current.node;
  };
}

function isSame(before: object, after: object): boolean {
  const [was, is] = [new Map(Object.entries(before)), Object.entries(after)];
  return was.size === is.length && is.every(([key, value]) => Object.is(was.get(key), value));
}
