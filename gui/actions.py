"""Everything the window can do, as data: menus, shortcuts, the help dialog and the tests read this one table. No Qt."""

from dataclasses import dataclass

MENUS = ("Bench", "Experiment", "Edit", "View", "Help")
STOP_KEY = "Esc"


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do. `key`: name of the window's method; `menu`: where it stands; `shortcut`: portable text.

    `checkable`: it is on or off; `gap`: a line above it in the menu.
    """

    key: str
    text: str
    menu: str
    shortcut: str = ""
    tip: str = ""
    checkable: bool = False
    gap: bool = False


ACTIONS = (
    Action("stop", "STOP", "Bench", STOP_KEY, "put every instrument into the safe state at once, whatever goes on"),
    Action("open_demo", "Open the demo bench", "Bench", "Ctrl+D", "start a simulated lab", gap=True),
    Action("open_bench", "Open a bench file…", "Bench", "Ctrl+O", "open the bench a TOML file describes"),
    Action("close_bench", "Close the bench", "Bench", "Ctrl+Shift+W", "make it safe and give the instruments back"),
    Action("set_pace", "Pace of the demo…", "Bench", "", "simulated seconds per second; opens the demo anew"),
    Action("reset_interlock", "Reset the interlock", "Bench", "", "after you looked at sample and tip", gap=True),
    Action("quit", "Quit", "Bench", "Ctrl+Q", "make the bench safe and leave", gap=True),
    Action("enqueue", "Add to the queue", "Experiment", "Ctrl+Return", "start the plan, or let it wait its turn"),
    Action("dry_run", "Dry run", "Experiment", "Ctrl+Shift+D", "draw the path of the plan on the map"),
    Action("pause", "Pause", "Experiment", "Ctrl+P", "hold before the next point or image", gap=True),
    Action("go_on", "Go on", "Experiment", "Ctrl+G", "end the pause"),
    Action("abort", "Abort the run", "Experiment", "Ctrl+.", "end the run and make the bench safe"),
    Action("open_run", "Open a run…", "Experiment", "Ctrl+Shift+O", "show a stored run", gap=True),
    Action("predict", "Predict from the map", "Experiment", "Ctrl+Shift+P", "where it should trigger first, by finite elements"),
    Action("undo", "Undo", "Edit", "Ctrl+Z", "take the last pick back, or the last edit of the plan in the form"),
    Action("redo", "Redo", "Edit", "Ctrl+Shift+Z", "take it again"),
    Action("remove_last_pick", "Take the last point away", "Edit", "Ctrl+Backspace", gap=True),
    Action("clear_picks", "Clear all picks", "Edit", "Ctrl+Shift+Backspace"),
    Action("copy_picture", "Copy picture", "Edit", "Ctrl+Shift+C", "of the map, or of the ramps if they have focus", gap=True),
    Action("copy_data", "Copy data", "Edit", "Ctrl+Alt+C", "as text, tab between values"),
    Action("save_picture", "Save picture…", "Edit", "Ctrl+Shift+S", "of the ramps or the map"),
    Action("show_all", "Show everything", "View", "Ctrl+0", "zoom to image, points and path"),
    Action("tool_look", "Tool: look", "View", "Ctrl+1", gap=True),
    Action("tool_points", "Tool: points", "View", "Ctrl+2"),
    Action("tool_line", "Tool: line of points", "View", "Ctrl+3"),
    Action("tool_frame", "Tool: frame and grid", "View", "Ctrl+4"),
    Action("tool_profile", "Tool: profile", "View", "Ctrl+5"),
    Action("without_drift", "Points where they lie on the map", "View", "", "undo the drift in the overlay", checkable=True),
    Action("follow_live", "Follow the running ramp", "View", "Ctrl+L"),
    Action("focus_map", "Keyboard to the map", "View", "Ctrl+M", gap=True),
    Action("focus_form", "Keyboard to the experiment", "View", "Ctrl+E"),
    Action("focus_queue", "Keyboard to the queue", "View", "Ctrl+U"),
    Action("focus_bench", "Keyboard to the bench", "View", "Ctrl+B"),
    Action("focus_runs", "Keyboard to the runs", "View", "Ctrl+Shift+R"),
    Action("focus_prediction", "Keyboard to the prediction", "View", "Ctrl+Shift+F"),
    Action("larger_text", "Larger text", "View", "Ctrl++", gap=True),
    Action("smaller_text", "Smaller text", "View", "Ctrl+-"),
    Action("theme_system", "Theme of the system", "View", gap=True),
    Action("theme_light", "Light theme", "View"),
    Action("theme_dark", "Dark theme", "View"),
    Action("reset_layout", "Default layout", "View", "", "put every panel back to its place"),
    Action("show_shortcuts", "Keyboard shortcuts", "Help", "F1"),
    Action("open_help", "Help for this panel", "Help", "Shift+F1", "open the page of the guide"),
    Action("about", "About nanoprobe", "Help"),
)  # fmt: skip

MAP_KEYS = (
    ("arrow keys", "move the cursor on the map; with Shift a tenth as far; with the frame tool, move the frame"),
    ("Return or Space", "pick; begin and end a line, a frame or a profile; look at the ramp of a point"),
    ("Shift+Return or Delete", "take the nearest pick away"),
    ("plus, minus", "zoom"),
    ("Home", "show everything"),
    ("[ and ]", "turn the frame by 5°"),
)
"""What the keyboard does while the map has it."""
