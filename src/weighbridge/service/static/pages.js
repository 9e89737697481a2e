"use strict";
// The pages are whole without this. It makes the keys work: `/` looks for an image, and what is chosen is applied at once.
const search = document.querySelector("header.top input[type=search]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
  if (event.key === "/" && search) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

for (const choice of document.querySelectorAll("form.narrow select:not([data-waits])")) {
  choice.addEventListener("change", () => choice.form.requestSubmit());
}

// Of two columns of choices, the same one twice is no comparison.
for (const form of document.querySelectorAll("form.compare")) {
  const told = form.querySelector("button");
  const refresh = () => {
    const [base, head] = ["base", "head"].map((name) => form.querySelector(`input[name=${name}]:checked`)?.value);
    told.disabled = !base || !head || base === head;
  };
  form.addEventListener("change", refresh);
  refresh();
}

for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
  });
}
