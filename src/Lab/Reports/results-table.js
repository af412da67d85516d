// Makes the table sortable and folds the counters away. Rows are sorted within their trace and memory size, and policies
// that see different things stay apart: a ranking across them would mean nothing.
function enhanceTable(table) {
  for (const row of table.querySelectorAll("tr.counters")) foldCounters(row);
  table.querySelectorAll("thead th").forEach((heading, column) => {
    const button = element("button", { type: "button" }, heading.textContent);
    heading.replaceChildren(button);
    button.addEventListener("click", () => sortBy(table, heading, column));
  });
}

function foldCounters(row) {
  row.hidden = true;
  const details = row.querySelector("details");
  details.open = true;
  details.querySelector("summary").hidden = true;
  const name = row.previousElementSibling.cells[0];
  const button = element("button", { type: "button", "aria-expanded": "false" }, name.textContent);
  name.replaceChildren(button);
  button.addEventListener("click", () => {
    row.hidden = !row.hidden;
    button.setAttribute("aria-expanded", String(!row.hidden));
  });
}

function sortBy(table, heading, column) {
  const ascending = heading.getAttribute("aria-sort") !== "ascending";
  for (const other of table.querySelectorAll("thead th")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");

  const compare = (a, b) => {
    const [x, y] = [a.cells[column], b.cells[column]];
    const order = "value" in x.dataset ? x.dataset.value - y.dataset.value : x.textContent.localeCompare(y.textContent, "en");
    return ascending ? order : -order;
  };
  const sees = (row) => SEES.findIndex(([word]) => word === row.cells[1].textContent);

  for (const body of table.tBodies) {
    const rows = [...body.querySelectorAll("tr.result")];
    const counters = new Map(rows.map((row) => [row, row.nextElementSibling]));
    rows.sort((a, b) => sees(a) - sees(b) || compare(a, b));
    rows.forEach((row, index) => {
      row.classList.toggle("first-of-sees", index > 0 && sees(row) !== sees(rows[index - 1]));
      body.append(row);
      body.append(counters.get(row));
    });
  }
}
