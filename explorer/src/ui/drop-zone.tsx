/** A place to drop files on that is also an ordinary file field: it works by keyboard and by touch. */
import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";

/** The zone. `id` names its field. */
export function DropZone(of: {
  readonly id: string;
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly onFiles: (files: readonly File[]) => void;
  readonly small?: boolean;
}): JSX.Element {
  const { id, label, hint, onFiles, small } = of;
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length > 0) onFiles(files);
  };
  const drag = (event: DragEvent): void => {
    event.preventDefault();
    setOver(true);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the field inside does the same by keyboard
    <div
      class={`drop${over ? " over" : ""}${small === true ? " small" : ""}`}
      onDrop={drop}
      onDragOver={drag}
      onDragLeave={() => setOver(false)}
    >
      <input
        id={id}
        type="file"
        class="sr"
        multiple
        aria-describedby={`${id}-hint`}
        onChange={({ currentTarget }) => {
          const files = [...(currentTarget.files ?? [])];
          // The same file again is a change too: it may have been edited.
          currentTarget.value = "";
          if (files.length > 0) onFiles(files);
        }}
      />
      <label for={id} class="button">
        {label}
      </label>
      <p id={`${id}-hint`} class="quiet">
        {hint}
      </p>
    </div>
  );
}
