import { Icon } from './icon.tsx';

interface SearchBoxProps {
  readonly label: string;
  readonly value: string;
  readonly change: (text: string) => void;
}

/** A field to search with. The key `/` moves the focus to the first one of a page. */
export function SearchBox({ label, value, change }: SearchBoxProps) {
  return (
    <label class="search-box">
      <span class="hidden">{label}</span>
      <Icon name="search" />
      <input
        type="search"
        data-search
        placeholder={label}
        value={value}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}
