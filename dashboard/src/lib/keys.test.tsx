import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { BLOCKS_KEYS, type KeyBindings, singleKeys, useKeys } from "./keys";

function Bound({ bindings }: { bindings: KeyBindings }) {
  useKeys(bindings);
  return <input aria-label="field" />;
}

test("a key acts on the page and not in a field", async () => {
  const run = vi.fn();
  const { getByRole } = render(<Bound bindings={{ j: run }} />);
  await userEvent.keyboard("j");
  expect(run).toHaveBeenCalledTimes(1);
  await userEvent.type(getByRole("textbox"), "j");
  expect(run).toHaveBeenCalledTimes(1);
});

test("a chord acts in a field, too", async () => {
  const run = vi.fn();
  const { getByRole } = render(<Bound bindings={{ "Control+k": run }} />);
  getByRole("textbox").focus();
  await userEvent.keyboard("{Control>}k{/Control}");
  expect(run).toHaveBeenCalledTimes(1);
});

test("nothing acts below a dialog", async () => {
  const run = vi.fn();
  render(
    <>
      <Bound bindings={{ j: run }} />
      <div {...BLOCKS_KEYS} />
    </>,
  );
  await userEvent.keyboard("j");
  expect(run).not.toHaveBeenCalled();
});

test("single keys can be switched off, chords stay", async () => {
  const single = vi.fn();
  const chord = vi.fn();
  render(<Bound bindings={{ j: single, "Control+k": chord }} />);
  singleKeys.set("off");
  await userEvent.keyboard("j{Control>}k{/Control}");
  singleKeys.set("on");
  expect(single).not.toHaveBeenCalled();
  expect(chord).toHaveBeenCalledTimes(1);
});

test("the second key of a sequence is not pressed by itself", async () => {
  const jump = vi.fn();
  const down = vi.fn();
  render(<Bound bindings={{ "g j": jump, j: down }} />);
  await userEvent.keyboard("gj");
  expect(jump).toHaveBeenCalledTimes(1);
  expect(down).not.toHaveBeenCalled();
  await userEvent.keyboard("j");
  expect(down).toHaveBeenCalledTimes(1);
});
