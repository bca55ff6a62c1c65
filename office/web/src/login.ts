import { byId } from "./dom";
import { restoreTheme } from "./theme";

restoreTheme();
const form = byId<HTMLFormElement>("form");
const button = byId<HTMLButtonElement>("submit");
const error = byId("error");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  button.disabled = true;
  error.textContent = "";
  const body = JSON.stringify({
    user: byId<HTMLInputElement>("name").value,
    password: byId<HTMLInputElement>("password").value,
  });
  try {
    const answer = await fetch("/api/login", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (answer.ok) {
      location.replace("/");
      return;
    }
    const { error: text } = (await answer.json()) as { error: string };
    error.textContent = `${text[0]?.toUpperCase() ?? ""}${text.slice(1)}.`;
    byId<HTMLInputElement>("password").select();
  } catch {
    error.textContent = "The office does not answer.";
  }
  button.disabled = false;
});
