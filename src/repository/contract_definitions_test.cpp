// The contract of the record of training definitions.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/contract.hpp"

namespace trainyard::repository {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using DefinitionContract = RepositoryContract;

TEST_P(DefinitionContract, ADefinitionReadsBackAndTakesItsContent) {
  TrainingDefinition definition = new_definition(1);
  definitions_.create(definition);
  EXPECT_EQ(definitions_.find(definition.id), definition);
  definitions_.set_content(definition.id, definition.version_id, "abcd");
  definition.content_sha256 = "abcd";
  EXPECT_EQ(definitions_.find(definition.id), definition);
  EXPECT_EQ(kind_of([&] { definitions_.create(definition); }), ErrorKind::Conflict);
  definitions_.set_content(definition.id, definition.version_id, "abcd");
  EXPECT_EQ(
      kind_of([&] { definitions_.set_content(definition.id, definition.version_id, "other"); }),
      ErrorKind::Conflict);
  EXPECT_EQ(definitions_.find(definition.id), definition);
  definitions_.remove(definition.id);
  EXPECT_FALSE(definitions_.find(definition.id));
}

TEST_P(DefinitionContract, AnUnknownDefinitionIsNotFound) {
  EXPECT_FALSE(definitions_.find("none"));
  EXPECT_FALSE(definitions_.find("none", "none"));
  EXPECT_THAT(definitions_.versions("none"), IsEmpty());
  EXPECT_EQ(kind_of([&] { definitions_.set_content("none", "none", "abcd"); }),
            ErrorKind::NotFound);
  TrainingDefinition unknown = new_definition(1);
  EXPECT_EQ(kind_of([&] { definitions_.add_version(unknown); }), ErrorKind::NotFound);
  definitions_.create(unknown);
  EXPECT_FALSE(definitions_.find(unknown.id, "none"));
  EXPECT_EQ(kind_of([&] { definitions_.set_content(unknown.id, "none", "abcd"); }),
            ErrorKind::NotFound);
  EXPECT_EQ(kind_of([&] { definitions_.remove("none"); }), ErrorKind::NotFound);
}

TEST_P(DefinitionContract, AVersionBecomesTheNewestAndTheOthersStay) {
  const TrainingDefinition first = new_definition(1);
  definitions_.create(first);
  definitions_.create(new_definition(2));
  TrainingDefinition second = next_version(2);
  TrainingDefinition by_another = second;
  by_another.owner = "ben";  // owner and creation time are the definition's
  by_another.created_at = at(77);
  definitions_.add_version(by_another);
  const TrainingDefinition third = next_version(3);
  definitions_.add_version(third);
  EXPECT_EQ(definitions_.find(first.id), third);
  EXPECT_THAT(definitions_.versions(first.id), ElementsAre(first, second, third));
  EXPECT_EQ(definitions_.find(first.id, first.version_id), first);
  definitions_.set_content(first.id, second.version_id, "22");
  second.content_sha256 = "22";
  EXPECT_THAT(definitions_.versions(first.id), ElementsAre(first, second, third));
  EXPECT_FALSE(definitions_.find(new_definition(2).id, second.version_id));
  EXPECT_THAT(definitions_.list("anna", 10, "").definitions, ElementsAre(third, new_definition(2)));
  EXPECT_THAT(definitions_.used_contents(), ElementsAre("22"));
  definitions_.remove(first.id);
  EXPECT_THAT(definitions_.versions(first.id), IsEmpty());
  EXPECT_THAT(definitions_.used_contents(), IsEmpty());
}

TEST_P(DefinitionContract, VersionsHaveALimit) {
  definitions_.create(new_definition(1));
  for (std::size_t i = 1; i < kMaxVersions; ++i) {
    definitions_.add_version(next_version(static_cast<int>(i)));
  }
  EXPECT_EQ(kind_of([&] { definitions_.add_version(next_version(1'000)); }), ErrorKind::Conflict);
  EXPECT_EQ(definitions_.versions(new_definition(1).id).size(), kMaxVersions);
}

TEST_P(DefinitionContract, DefinitionsAreListedByCreationInPages) {
  for (const auto& [number, second] : {std::pair{1, 30}, {2, 10}, {3, 20}, {4, 20}, {5, 20}}) {
    TrainingDefinition definition = new_definition(number);
    definition.created_at = at(second);
    if (number == 5) definition.owner = "ben";
    definitions_.create(definition);
  }
  const auto list = [&](const std::string& owner) {
    std::vector<std::string> names;
    std::string next;
    do {
      const DefinitionPage page = definitions_.list(owner, 2, next);
      EXPECT_LE(page.definitions.size(), 2u);
      for (const auto& definition : page.definitions) names.push_back(definition.name);
      next = page.next;
    } while (!next.empty());
    return names;
  };
  EXPECT_THAT(list(""), ElementsAre("def-2", "def-3", "def-4", "def-5", "def-1"));
  EXPECT_THAT(list("anna"), ElementsAre("def-2", "def-3", "def-4", "def-1"));
  EXPECT_THAT(list("ben"), ElementsAre("def-5"));
  EXPECT_EQ(kind_of([&] { definitions_.list("", 2, "zzz"); }), ErrorKind::InvalidInput);
  EXPECT_EQ(kind_of([&] { definitions_.list("", 0, ""); }), ErrorKind::InvalidInput);
}

TEST_P(DefinitionContract, UsedContentsAreThoseOfDefinitionsAndRuns) {
  TrainingDefinition empty = new_definition(1);
  definitions_.create(empty);
  EXPECT_THAT(definitions_.used_contents(), IsEmpty());
  definitions_.set_content(empty.id, empty.version_id, "aa");
  NewRun run = new_run(1);
  run.definition_sha256 = "bb";
  runs_.create(run, at(1));
  NewRun same = new_run(2);
  same.definition_sha256 = "aa";
  runs_.create(same, at(2));
  EXPECT_THAT(definitions_.used_contents(), testing::UnorderedElementsAre("aa", "bb"));
  definitions_.remove(empty.id);
  append(run.id, model::CancelRequested{.by = "anna"}, 3);
  runs_.remove({run.id});
  EXPECT_THAT(definitions_.used_contents(), ElementsAre("aa"));
}

INSTANTIATE_TEST_SUITE_P(Repositories, DefinitionContract, implementations(), implementation_name);

}  // namespace
}  // namespace trainyard::repository
