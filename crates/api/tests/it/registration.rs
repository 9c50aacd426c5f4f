mod limits;
mod quarantine;
mod refusals;
mod rotate;
